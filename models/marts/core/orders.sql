-- one row per order
with

transactions as (
    select * from {{ ref('transactions') }}
),

summed as (
    select
        order_id,
        min(user_id) as user_id,
        min(location_id) as location_id,
        min(sales_channel) as sales_channel,
        cast(count(*) as bigint) as line_count,
        cast(
            sum(case when is_basket_line then quantity else 0 end) as decimal(18, 3)
        ) as item_quantity,
        cast(sum(net_amount) as decimal(18, 2)) as net_amount,
        cast(
            sum(case when is_basket_line then net_amount else 0 end) as decimal(18, 2)
        ) as basket_amount,
        cast(sum(discount_amount) as decimal(18, 2)) as discount_amount,
        cast(sum(coupon_amount) as decimal(18, 2)) as coupon_amount,
        coalesce(bool_or(coupon_amount > 0), false) as has_coupon,
        coalesce(bool_or(is_fuel), false) as has_fuel,
        min(order_date) as order_date,
        min(ordered_at) as ordered_at,
        min(ordered_at_local) as ordered_at_local
    from transactions
    group by order_id
)

select * from summed
