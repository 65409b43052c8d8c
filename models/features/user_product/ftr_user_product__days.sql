-- one row per user, product, and day it was bought on
with

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and is_basket_line and not is_cancelled
),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

summed as (
    select
        transactions.user_id,
        transactions.product_id,
        products.category,
        cast(sum(transactions.quantity) as decimal(18, 3)) as quantity,
        cast(sum(transactions.net_amount) as decimal(18, 2)) as net_amount,
        transactions.order_date as activity_date
    from transactions
    inner join products on transactions.product_id = products.product_id
    group by
        transactions.user_id,
        transactions.product_id,
        products.category,
        transactions.order_date
)

select * from summed
