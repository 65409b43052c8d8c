-- products and other products are the category, places and other places the product
with

forecasts as (
    select
        *,
        -- most products sell too rarely to be divided
        count(case when forecast_level = 'other_places' then 1 end) over (
            partition by product_id, week_start_date
        ) > 0 as is_divided
    from {{ ref('demand_forecast') }}
),

signed as (
    select
        category,
        cast(null as string) as product_id,
        week_start_date,
        case when forecast_level = 'category' then 1 else -1 end as direction,
        expected_units,
        campaign_units
    from forecasts
    where forecast_level in ('category', 'product', 'other_products')
    union all
    select
        category,
        product_id,
        week_start_date,
        case when forecast_level = 'product' then 1 else -1 end as direction,
        expected_units,
        campaign_units
    from forecasts
    where
        forecast_level in ('product', 'product_place', 'other_places') and is_divided
)

select
    category,
    product_id,
    week_start_date,
    sum(direction * expected_units) as units_apart,
    sum(direction * campaign_units) as campaign_units_apart
from signed
group by category, product_id, week_start_date
having
    abs(sum(direction * expected_units)) > 0.000001 * greatest(sum(expected_units), 1)
    or abs(sum(direction * campaign_units)) > 0.000001 * greatest(sum(expected_units), 1)
