-- one row per product row of the source, with what became of it
{% set columns = [
    'product_id', 'product_name', 'department', 'category', 'subcategory', 'brand',
    'product_kind', 'list_price', 'unit_cost', 'launched_at',
] -%}
with

source_rows as (
    select * from {{ ref('intake_products') }}
),

judged as (
    select
        *,
        case
            when product_id is null then 'product_id is missing'
        end as fault
    from source_rows
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['product_id', 'fault'], columns) }} as version_number
    from judged
),

explained as (
    select
        *,
        case
            when copy_number > 1 then 'exact duplicate'
            when fault is not null then fault
            when version_number > 1
                then 'product_id comes again with other values'
        end as status_reason
    from numbered
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from explained
)

select * from decided
