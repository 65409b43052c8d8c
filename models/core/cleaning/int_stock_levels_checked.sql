-- one row per stock count row of the source, with its status
{% set columns = [
    'product_id', 'location_id', 'on_hand', 'on_order', 'lead_time_days',
    'counted_at', 'updated_at',
] -%}
{% set key = ['product_id', 'location_id', 'counted_at'] -%}
with

source_rows as (select * from {{ ref('intake_stock_levels') }}),

known_products as (
    select product_id from {{ ref('int_products_completed') }}
),

judged as (
    select
        {% for column in columns if column not in ('on_order', 'lead_time_days') -%}
            source_rows.{{ column }},
        {% endfor -%}
        source_rows.source_file,
        source_rows.source_row,
        case when source_rows.on_order >= 0 then source_rows.on_order end as on_order,
        case when source_rows.lead_time_days >= 0 then source_rows.lead_time_days end
            as lead_time_days,
        {{ repairs_made([
            "case when source_rows.on_hand < 0"
            ~ " then 'on_hand is negative, none available' end",
            "case when source_rows.on_order < 0"
            ~ " then 'on_order is negative, emptied' end",
            "case when source_rows.lead_time_days < 0"
            ~ " then 'lead_time_days is negative, emptied' end",
        ]) }} as repairs_made,
        case
            {{ fault_of(
                ['product_id', 'location_id', 'on_hand', 'counted_at'], 'source_rows'
            ) }}
            when known_products.product_id is null then 'product_id is unknown'
            {{ clock_fault('counted_at', 'source_rows') }}
        end as fault
    from source_rows
    left join known_products on source_rows.product_id = known_products.product_id
),

{{ checked_rows(key, columns) }}
