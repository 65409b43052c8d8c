-- one row per judged forecast of all weeks up to one: what was expected and sold
with

forecasts as (
    select * from {{ ref('dem_forecasts') }}
    where
        split_name <> 'score'
        -- orders are made for places, of which somebody counts the stock
        and (
            forecast_level = 'product'
            or forecast_level = 'product_place'
            and exists (select 1 from {{ ref('stock_levels') }})
        )
),

summed as (
    select
        forecast_level,
        product_id,
        location_id,
        group_name,
        split_name,
        origin_week,
        weeks_ahead as cover_weeks,
        sum(expected_units) over so_far as expected_units,
        sum(baseline_units) over so_far as baseline_units,
        case when count(units) over so_far = weeks_ahead then sum(units) over so_far end
            as units
    from forecasts
    window so_far as (
        partition by
            forecast_level, product_id, location_id, split_name, origin_week
        order by weeks_ahead
    )
)

select
    *,
    {{ size_class('expected_units') }} as size_class
from summed
