-- one row per forecast, as dem_forecasts, judged by the test or to come: its quantiles
{{ config(materialized="view") }}
with

forecasts as (
    select * from {{ ref('dem_forecasts') }}
    where split_name <> 'validation'
),

spreads as (select * from {{ ref('dem_spreads') }}),

spread as (
    select
        {% for suffix, level in demand_quantiles().items() -%}
            {{ demand_quantile(
                'spreads.ratio_' ~ suffix, level, 'forecasts.expected_units'
            ) }} as units_{{ suffix }},
        {% endfor -%}
        forecasts.forecast_level,
        forecasts.product_id,
        forecasts.location_id,
        forecasts.category,
        forecasts.group_name,
        forecasts.split_name,
        forecasts.origin_week,
        forecasts.weeks_ahead,
        forecasts.week_number,
        forecasts.method_name,
        forecasts.is_newly_promoted,
        forecasts.units,
        forecasts.baseline_units,
        forecasts.mean_change,
        forecasts.expected_units,
        forecasts.size_class
    from forecasts
    left join spreads
        on
            forecasts.split_name = spreads.used_for
            and forecasts.forecast_level = spreads.forecast_level
            and forecasts.group_name = spreads.group_name
            and forecasts.size_class = spreads.size_class
)

select * from spread
