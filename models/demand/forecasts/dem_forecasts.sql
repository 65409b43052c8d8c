-- one row per level, what is forecast, week it is forecast from and weeks ahead
with

product_forecasts as (select * from {{ ref('dem_product_forecasts') }}),
categories as (select * from {{ ref('dem_category_forecasts') }}),

products as (
    select
        forecasts.product_id,
        forecasts.category,
        forecasts.product_group as group_name,
        forecasts.split_name,
        forecasts.origin_week,
        forecasts.weeks_ahead,
        forecasts.week_number,
        forecasts.method_name,
        forecasts.is_newly_promoted,
        forecasts.units,
        forecasts.mean_8 as baseline_units,
        forecasts.mean_change,
        forecasts.expected_units * coalesce(categories.scale_factor, 1)
            as expected_units
    from product_forecasts as forecasts
    left join categories
        on
            forecasts.category = categories.category
            and forecasts.split_name = categories.split_name
            and forecasts.origin_week = categories.origin_week
            and forecasts.weeks_ahead = categories.weeks_ahead
),

places as (
    select
        products.product_id,
        place_shares.location_id,
        products.category,
        products.split_name,
        products.origin_week,
        products.weeks_ahead,
        products.week_number,
        products.method_name,
        products.is_newly_promoted,
        case when products.units is not null then coalesce(place_sales.units, 0) end
            as units,
        products.baseline_units * place_shares.place_share as baseline_units,
        products.expected_units * place_shares.place_share as expected_units
    from products
    inner join {{ ref('dem_place_shares') }} as place_shares
        on
            products.product_id = place_shares.product_id
            and products.origin_week = place_shares.origin_week
    left join {{ ref('dem_place_sales') }} as place_sales
        on
            place_shares.product_id = place_sales.product_id
            and place_shares.location_id = place_sales.location_id
            and products.week_number = place_sales.week_number
),

united as (
    select
        'product' as forecast_level,
        product_id,
        cast(null as string) as location_id,
        category,
        group_name,
        split_name,
        origin_week,
        weeks_ahead,
        week_number,
        method_name,
        is_newly_promoted,
        units,
        baseline_units,
        mean_change,
        expected_units
    from products
    union all
    select
        'product_place' as forecast_level,
        product_id,
        location_id,
        category,
        'all' as group_name,
        split_name,
        origin_week,
        weeks_ahead,
        week_number,
        method_name,
        is_newly_promoted,
        units,
        baseline_units,
        cast(null as double) as mean_change,
        expected_units
    from places
    union all
    select
        'category' as forecast_level,
        cast(null as string) as product_id,
        cast(null as string) as location_id,
        category,
        'all' as group_name,
        split_name,
        origin_week,
        weeks_ahead,
        week_number,
        method_name,
        false as is_newly_promoted,
        units,
        mean_4 as baseline_units,
        mean_change,
        expected_units
    from categories
)

select
    *,
    {{ size_class('expected_units') }} as size_class
from united
