-- one row per product, location, week and placement
-- a view: a large shop has tens of millions of rows, which one model reads in full
{{ config(materialized="view") }}
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
