-- one row per product, place and week with a sale: units, price paid and asked at full
with

transactions as (select * from {{ ref('transactions') }}),
products as (select * from {{ ref('products') }}),
week_starts as (select * from {{ ref('mkt_week_starts') }}),

-- coupons are a user's, not the shelf's
lines as (
    select
        products.category,
        transactions.product_id,
        coalesce(transactions.location_id, '') as location_id,
        {{ market_week('transactions.order_date') }} as week_start_date,
        transactions.quantity,
        transactions.net_amount + coalesce(transactions.coupon_amount, 0)
            as shelf_amount,
        coalesce(transactions.discount_amount, 0) as discount_amount
    from transactions
    inner join products
        on transactions.product_id = products.product_id
    cross join week_starts
    where
        transactions.is_basket_line
        and not transactions.is_cancelled
        and transactions.is_quantity_plausible
        and transactions.quantity > 0
        and products.category is not null
),

summed as (
    select
        category,
        product_id,
        location_id,
        week_start_date,
        cast(sum(quantity) as double) as units,
        cast(sum(shelf_amount) as double) / cast(sum(quantity) as double)
            as shelf_price,
        cast(sum(shelf_amount + discount_amount) as double)
        / cast(sum(quantity) as double) as full_price
    from lines
    group by category, product_id, location_id, week_start_date
)

select * from summed
