-- one row per promotion row of the source, with its status
-- (a view: demand alone reads its 20.9 M rows; rows of one key are merged further on)
{{ config(materialized="view") }}
{% set columns = [
    'product_id', 'location_id', 'display', 'mailer', 'price_cut',
    'week_start_date', 'updated_at',
] -%}
with

source_rows as (select * from {{ ref('intake_promotions') }}),

known_products as (
    select product_id from {{ ref('int_products_completed') }}
),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(
                ['product_id', 'location_id', 'week_start_date'], 'source_rows'
            ) }}
            when known_products.product_id is null then 'product_id is unknown'
        end as status_reason
    from source_rows
    left join known_products on source_rows.product_id = known_products.product_id
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        source_file,
        source_row,
        status_reason,
        {{ repairs_and_status() }}
    from judged
)

select * from decided
