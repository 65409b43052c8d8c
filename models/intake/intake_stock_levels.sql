-- one row per product, location and count
with

source_rows as (
    select * from {{ source_rows('stock_levels') }}
),

contracted as (
    select
        product_id,
        location_id,
        on_hand,
        on_order,
        lead_time_days,
        counted_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
