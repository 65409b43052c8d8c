-- one row per rule, here one: orders of a user who has far more than anybody else
{# Of few users one may well have most orders, and wholesale has some times the next. #}
{% set least_users, times_the_next = 20, 20 -%}
with

lines as (
    select * from {{ ref('int_transactions_checked') }}
    where row_status = 'kept' and user_id is not null
),

orders_counted as (
    select
        user_id,
        count(distinct order_id) as order_count
    from lines
    group by user_id
),

ranked as (
    select
        user_id,
        order_count,
        count(*) over () as user_count,
        sum(order_count) over () as orders_in_all,
        lead(order_count) over (order by order_count desc, user_id asc) as next_count
    from orders_counted
    qualify row_number() over (order by order_count desc, user_id asc) = 1
),

first_user as (
    select
        *,
        user_count >= {{ least_users }}
        and order_count >= {{ times_the_next }} * next_count as is_far_ahead
    from ranked
),

examples as (
    select
        min_by(
            {{ place_of_row() }} || 'this user has so many orders',
            {{ order_in_files('lines.transaction_id') }}
        ) as example
    from lines
    inner join first_user on lines.user_id = first_user.user_id
    where first_user.is_far_ahead
),

counted as (
    select
        'transactions' as entity,
        'one user_id has far more orders than any other: a word for nobody?' as rule,
        first_user.orders_in_all as rows_judged,
        case when first_user.is_far_ahead then first_user.order_count else 0 end
            as rows_met,
        {{ var('doubt_thresholds').one_user }} as threshold,
        examples.example
    from first_user
    cross join examples
)

select * from counted
