-- one row per product row of the source, with what became of it
{% set columns = [
    'product_id', 'product_name', 'department', 'category', 'subcategory', 'brand',
    'product_kind', 'list_price', 'unit_cost', 'launched_at',
] -%}
with

source_rows as (
    select * from {{ ref('intake_products') }}
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['product_id'], columns) }} as version_number
    from source_rows
),

judged as (
    select
        numbered.*,
        case
            when numbered.copy_number > 1 then 'exact duplicate'
            when numbered.product_id is null then 'product_id is missing'
            when
                numbered.version_number > 1
                then 'product_id comes again with other values'
        end as status_reason
    from numbered
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from judged
)

select * from decided
