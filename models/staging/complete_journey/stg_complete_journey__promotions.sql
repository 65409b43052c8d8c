-- one row per product, store, week and placement
with

promotions as (select * from {{ source('complete_journey', 'promotions') }}),

renamed as (
    select
        cast(product_id as string) as product_id,
        cast(store_id as string) as location_id,
        nullif(display_location, '0') as display,
        nullif(mailer_location, '0') as mailer,
        cast(null as decimal(18, 2)) as price_cut,
        -- week 2 starts on Monday 2017-01-02
        {{ days_after("cast('2017-01-02' as date)", '7 * (week - 2)') }}
            as week_start_date,
        {{ nothing_noted() }}
    from promotions
)

select * from renamed
