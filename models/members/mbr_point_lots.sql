-- one row per order that earned points: how many, when they count and when they lapse
with

rules as (select * from {{ ref('mbr_point_rules') }}),

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and basket_amount > 0
),

earned as (
    select
        orders.user_id,
        orders.order_id,
        rules.point_rule,
        rules.points_per_amount,
        rules.lasting_days,
        orders.basket_amount,
        cast(floor(orders.basket_amount * rules.points_per_amount) as bigint)
            as earned_points,
        orders.order_date,
        {{ days_after('orders.order_date', 'rules.pending_days') }} as confirmed_on
    from orders
    inner join rules
        on
            orders.order_date >= rules.first_date
            and orders.order_date < coalesce(rules.next_date, date '9999-12-31')
),

-- no points lapse before those that were confirmed earlier
dated as (
    select
        *,
        max({{ days_after('confirmed_on', 'lasting_days') }}) over (
            partition by user_id
            order by confirmed_on, order_date, order_id
            rows between unbounded preceding and current row
        ) as lapsing_on
    from earned
    where earned_points > 0
)

select * from dated
