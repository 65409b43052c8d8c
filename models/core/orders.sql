-- one row per order: what was sold in it, and what of that was undone
with

sale_lines as (
    select * from {{ ref('transactions') }}
    where line_kind = 'sale'
),

returns_summed as (
    select
        order_id,
        sum(returned_amount) as returned_amount,
        sum(case when is_same_day then returned_amount else 0 end) as cancelled_amount
    from {{ ref('returns') }}
    where is_matched
    group by order_id
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
        bool_and(is_cancelled) as is_cancelled,
        min(order_date) as order_date,
        min(ordered_at) as ordered_at,
        min(ordered_at_local) as ordered_at_local
    from sale_lines
    group by order_id
),

netted as (
    select
        summed.order_id,
        summed.user_id,
        summed.location_id,
        summed.sales_channel,
        summed.line_count,
        summed.item_quantity,
        summed.net_amount,
        summed.basket_amount,
        summed.discount_amount,
        summed.coupon_amount,
        cast(coalesce(returns_summed.cancelled_amount, 0) as decimal(18, 2))
            as cancelled_amount,
        cast(coalesce(returns_summed.returned_amount, 0) as decimal(18, 2))
            as returned_amount,
        summed.has_coupon,
        summed.has_fuel,
        summed.is_cancelled,
        summed.order_date,
        summed.ordered_at,
        summed.ordered_at_local
    from summed
    left join returns_summed on summed.order_id = returns_summed.order_id
)

select * from netted
