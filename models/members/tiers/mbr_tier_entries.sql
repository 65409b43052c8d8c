-- one row per tier, and order or refund that counts towards it: how much, and when
with

rules as (select * from {{ ref('mbr_tier_rules') }}),

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and basket_amount > 0
),

refunds as (select * from {{ ref('mbr_refunds') }}),

ordered as (
    select
        rules.tier,
        orders.user_id,
        orders.order_id,
        orders.basket_amount as amount,
        orders.order_date as known_on,
        {{ days_after('orders.order_date', 'rules.pending_days') }} as counts_from,
        {{ days_after(
            'orders.order_date', 'rules.pending_days + rules.window_days'
        ) }} as counts_until
    from orders
    cross join rules
),

-- what goes back leaves on the day of the refund, and once
refunded as (
    select
        ordered.tier,
        ordered.user_id,
        ordered.order_id,
        -refunds.returned_amount as amount,
        refunds.returned_on as known_on,
        greatest(ordered.counts_from, refunds.returned_on) as counts_from,
        ordered.counts_until
    from ordered
    inner join refunds on ordered.order_id = refunds.order_id
    where refunds.returned_on < ordered.counts_until
),

united as (
    select * from ordered
    union all
    select * from refunded
)

select * from united
