-- one row per forecast to come, as dem_forecasts: with what our campaigns add
{{ config(materialized="view") }}
with

forecasts as (
    select * from {{ ref('dem_quantiles') }}
    where split_name = 'score'
),

campaign_units as (select * from {{ ref('dem_campaign_units') }}),

{% set suffixes = demand_quantiles() | list -%}
planned_of_categories as (
    select
        coalesce(products.category, '') as category,
        campaign_units.week_number,
        {{ exact_sum('campaign_units.campaign_units') }} as campaign_units
    from campaign_units
    inner join {{ ref('products') }} as products
        on campaign_units.product_id = products.product_id
    group by coalesce(products.category, ''), campaign_units.week_number
),

product_units as (
    select
        product_id,
        week_number,
        expected_units
    from forecasts
    where forecast_level = 'product'
),

planned as (
    select
        forecasts.*,
        coalesce(
            case forecasts.forecast_level
                when 'category' then of_categories.campaign_units
                when 'product' then of_products.campaign_units
                else
                    of_products.campaign_units * forecasts.expected_units
                    / nullif(product_units.expected_units, 0)
            end,
            0
        ) as campaign_units
    from forecasts
    left join planned_of_categories as of_categories
        on
            forecasts.category = of_categories.category
            and forecasts.week_number = of_categories.week_number
    left join campaign_units as of_products
        on
            forecasts.product_id = of_products.product_id
            and forecasts.week_number = of_products.week_number
    left join product_units
        on
            forecasts.product_id = product_units.product_id
            and forecasts.week_number = product_units.week_number
),

published as (
    select
        forecast_level,
        product_id,
        location_id,
        category,
        week_number,
        method_name,
        expected_units + campaign_units as expected_units,
        {% for suffix in suffixes -%}
            units_{{ suffix }} + campaign_units as units_{{ suffix }},
        {% endfor -%}
        campaign_units
    from planned
)

select * from published
