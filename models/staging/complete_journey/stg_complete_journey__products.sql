-- one row per product
with

products as (select * from {{ source('complete_journey', 'products') }}),

renamed as (
    select
        cast(product_id as string) as product_id,
        product_type as product_name,
        department,
        -- a placeholder for items without a category at the till, such as fuel
        nullif(product_category, 'COUPON/MISC ITEMS') as category,
        product_type as subcategory,
        brand,
        case
            when department = 'FUEL' or product_type like 'GASOLINE%' then 'fuel'
            when department = 'COUPON' then 'coupon'
            else 'goods'
        end as product_kind,
        cast(null as decimal(18, 2)) as list_price,
        cast(null as decimal(18, 2)) as unit_cost,
        cast(null as timestamp) as launched_at,
        {{ nothing_noted() }}
    from products
)

select * from renamed
