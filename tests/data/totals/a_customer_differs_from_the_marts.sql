-- what sums up to something else in customers than in the tables that it comes from
with

customers as (select * from {{ ref('customers') }}),
users as (select * from {{ ref('users') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

orders as (
    select
        orders.net_amount - orders.cancelled_amount as net_amount,
        {{ days_between('orders.order_date', 'scoring.as_of_date') }} as days_ago
    from {{ ref('orders') }} as orders
    cross join scoring
    where orders.user_id is not null and not orders.is_cancelled
),

coming as (
    select audience.user_id
    from {{ ref('campaign_audience') }} as audience
    inner join scoring on audience.send_on >= scoring.as_of_date
    union all
    select decisions.user_id
    from {{ ref('campaign_decisions') }} as decisions
    inner join scoring on decisions.send_on >= scoring.as_of_date
    where decisions.decision_status = 'planned' and decisions.decision = 'contact'
),

found as (
    select
        count(*) as user_count,
        coalesce(sum(order_count), 0) as order_count,
        {% for days in var('feature_windows').user_amount -%}
            coalesce(sum(order_count_{{ days }}d), 0) as order_count_{{ days }}d,
            coalesce(sum(net_amount_{{ days }}d), 0) as net_amount_{{ days }}d,
        {% endfor -%}
        coalesce(sum(coming_contact_count), 0) as coming_contact_count,
        count(next_contact_date) as next_contact_count
    from customers
),

expected as (
    select
        (select count(*) from users) as user_count,
        (select count(*) from orders) as order_count,
        {% for days in var('feature_windows').user_amount -%}
            (
                select count(*) from orders
                where days_ago <= {{ days }}
            ) as order_count_{{ days }}d,
            (
                select coalesce(sum(net_amount), 0) from orders
                where days_ago <= {{ days }}
            ) as net_amount_{{ days }}d,
        {% endfor -%}
        (select count(*) from coming inner join users on coming.user_id = users.user_id)
            as coming_contact_count,
        (
            select count(distinct coming.user_id) from coming
            inner join users on coming.user_id = users.user_id
        ) as next_contact_count
),

compared as (
    {% for what in [
        'user_count', 'order_count', 'order_count_28d', 'order_count_91d',
        'order_count_364d', 'net_amount_28d', 'net_amount_91d', 'net_amount_364d',
        'coming_contact_count', 'next_contact_count',
    ] -%}
        select
            '{{ what }}' as what,
            cast(found.{{ what }} as decimal(18, 2)) as found,
            cast(expected.{{ what }} as decimal(18, 2)) as expected
        from found
        cross join expected
        {% if not loop.last %}union all{% endif %}
    {% endfor -%}
)

select * from compared
where found is distinct from expected
