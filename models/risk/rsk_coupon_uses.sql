-- one row per account, coupon and order, or redemption without one, that used it
with

orders as (select * from {{ ref('orders') }}),

used_on_lines as (
    select
        user_id,
        coupon_id,
        order_id,
        min(ordered_at) as used_at,
        sum(coalesce(coupon_amount, 0)) as coupon_amount
    from {{ ref('transactions') }}
    where line_kind = 'sale' and user_id is not null and coupon_id is not null
    group by user_id, coupon_id, order_id
),

-- a redemption that no line tells of belongs to the user's nearest order of the day
redeemed as (
    select
        redemptions.user_id,
        redemptions.coupon_id,
        redemptions.redeemed_at as used_at,
        orders.order_id
    from {{ ref('coupon_redemptions') }} as redemptions
    left join orders
        on
            redemptions.user_id = orders.user_id
            and redemptions.redeemed_on = orders.order_date
    qualify row_number() over (
        partition by
            redemptions.user_id, redemptions.coupon_id, redemptions.redeemed_at
        order by
            abs({{ dbt.datediff(
                'redemptions.redeemed_at', 'orders.ordered_at', 'second'
            ) }}),
            orders.order_id
    ) = 1
),

united as (
    select
        user_id,
        coupon_id,
        order_id,
        used_at,
        cast(coupon_amount as decimal(18, 2)) as coupon_amount
    from used_on_lines
    union all
    select
        redeemed.user_id,
        redeemed.coupon_id,
        redeemed.order_id,
        redeemed.used_at,
        cast(0 as decimal(18, 2)) as coupon_amount
    from redeemed
    anti join used_on_lines
        on
            redeemed.user_id = used_on_lines.user_id
            and redeemed.coupon_id = used_on_lines.coupon_id
)

select * from united
