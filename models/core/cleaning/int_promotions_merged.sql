-- one row per product, location and week; a view, as its 20.9 M rows are read once
{{ config(materialized="view") }}
with

promotions as (
    select * from {{ ref('int_promotions_checked') }}
    where row_status = 'kept'
),

-- a key that comes again with another placement keeps the highest code of each kind
merged as (
    select
        product_id,
        location_id,
        max(display) as display,
        max(mailer) as mailer,
        max(price_cut) as price_cut,
        cast(count(*) as bigint) as source_row_count,
        week_start_date
    from promotions
    group by product_id, location_id, week_start_date
)

select * from merged
