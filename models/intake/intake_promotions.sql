-- one row per product, location, week and placement
with

source_rows as (select * from {{ source_rows('promotions') }}),

contracted as (
    select
        product_id,
        location_id,
        display,
        mailer,
        price_cut,
        week_start_date,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
