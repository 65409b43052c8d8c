-- one row per product: the source's rows, then products known only by their sales
with

checked_products as (
    select * from {{ ref('int_products_checked') }}
    where row_status = 'kept'
),

sold_products as (
    select distinct product_id from {{ ref('int_transactions_checked') }}
    where row_status = 'kept'
),

completed as (
    select
        coalesce(checked_products.product_id, sold_products.product_id) as product_id,
        checked_products.product_name,
        coalesce(checked_products.department, 'UNKNOWN') as department,
        checked_products.category,
        checked_products.subcategory,
        checked_products.brand,
        coalesce(checked_products.product_kind, 'goods') as product_kind,
        checked_products.list_price,
        checked_products.unit_cost,
        checked_products.product_id is not null as is_in_catalogue,
        checked_products.launched_at
    from checked_products
    full outer join sold_products
        on checked_products.product_id = sold_products.product_id
)

select * from completed
