-- one row per order and rule about a first order or returns: its value then
with

rules as (select * from {{ ref('rsk_rules') }}),
orders as (select * from {{ ref('rsk_orders') }}),
all_orders as (select * from {{ ref('orders') }}),

first_orders as (
    select
        user_id,
        min(ordered_at) as first_ordered_at
    from all_orders
    group by user_id
),

months as (
    select distinct {{ month_of('order_date') }} as month from orders
),

-- of the half year before the month, so that no later order counts
usual as (
    select
        months.month,
        count(*) as order_count,
        percentile_cont(0.99) within group (
            order by cast(all_orders.net_amount as double)
        ) as large_amount
    from months
    inner join all_orders
        on
            months.month > all_orders.order_date
            and all_orders.order_date >= {{ days_after('months.month', -182) }}
    group by months.month
),

large_first as (
    select
        orders.order_id,
        rules.rule,
        cast(orders.net_amount as double)
        / nullif(usual.large_amount, 0) as rule_value
    from orders
    inner join first_orders
        on
            orders.user_id = first_orders.user_id
            and orders.ordered_at = first_orders.first_ordered_at
    inner join {{ ref('users') }} as users on orders.user_id = users.user_id
    inner join usual
        on {{ month_of('orders.order_date') }} = usual.month
    inner join rules on rules.rule = 'large_first_order'
    where
        usual.order_count >= rules.least_count
        and coalesce(users.signup_at > {{ instant_after(
            'orders.ordered_at', '-rules.window_days'
        ) }}, true)
),

returns as (
    select * from {{ ref('returns') }}
    where
        is_matched and user_id is not null and returned_at is not null
        and coalesce(return_kind <> 'cancelled', true)
),

-- running sums: what is bought or sent back counts for so many days
movements as (
    select
        all_orders.user_id,
        all_orders.ordered_at as moved_at,
        all_orders.net_amount as bought,
        1 as order_step,
        0 as sent_back
    from all_orders
    where all_orders.user_id in (select returns.user_id from returns)
    union all
    select
        user_id,
        returned_at as moved_at,
        0 as bought,
        0 as order_step,
        returned_amount as sent_back
    from returns
),

steps as (
    select
        user_id,
        moved_at as stepped_at,
        2 as step,
        bought,
        order_step,
        sent_back,
        cast(null as string) as order_id
    from movements
    union all
    select
        movements.user_id,
        {{ instant_after('movements.moved_at', 'rules.window_days') }} as stepped_at,
        0 as step,
        -movements.bought as bought,
        -movements.order_step as order_step,
        -movements.sent_back as sent_back,
        cast(null as string) as order_id
    from movements
    inner join rules on rules.rule = 'returned_share'
    union all
    -- before what happens at the same moment, which is the order itself
    select
        user_id,
        ordered_at as stepped_at,
        1 as step,
        0 as bought,
        0 as order_step,
        0 as sent_back,
        order_id
    from orders
    where user_id in (select returns.user_id from returns)
),

summed as (
    select
        order_id,
        sum(bought) over running as bought,
        sum(order_step) over running as order_step,
        sum(sent_back) over running as sent_back
    from steps
    window running as (
        partition by user_id order by stepped_at, step
        rows between unbounded preceding and current row
    )
),

united as (
    select * from large_first
    union all
    select
        summed.order_id,
        rules.rule,
        least(summed.sent_back / cast(nullif(summed.bought, 0) as double), 1) as sent
    from summed
    inner join rules on rules.rule = 'returned_share'
    where summed.order_id is not null and summed.order_step >= rules.least_count
)

select
    order_id,
    rule,
    rule_value,
    cast(null as date) as lapses_on
from united
