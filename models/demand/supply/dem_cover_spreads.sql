-- one row per use, level, group, weeks of cover and size: quantiles of past errors
with

{% set keys = ['forecast_level', 'group_name', 'cover_weeks', 'size_class'] -%}
{{ past_ratios(ref('dem_covers'), keys, cover_quantiles()) }}

select * from quantiles
