-- one row per use, level, group and size of forecasts: quantiles of units over expected
with

{% set keys = ['forecast_level', 'group_name', 'size_class'] -%}
{{ past_ratios(ref('dem_forecasts'), keys, demand_quantiles()) }}

select * from quantiles
