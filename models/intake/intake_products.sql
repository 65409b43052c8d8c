-- one row per product
with

source_rows as (select * from {{ source_rows('products') }}),

contracted as (
    select
        product_id,
        product_name,
        department,
        category,
        subcategory,
        brand,
        product_kind,
        list_price,
        unit_cost,
        launched_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
