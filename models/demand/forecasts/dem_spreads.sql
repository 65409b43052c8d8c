-- one row per use, level, group and size of forecasts: quantiles of units over expected
with

-- the test is judged by the validation's errors, what comes by those of both
uses as (
    select
        'test' as split_name,
        'validation' as learnt_from
    union all
    select
        'score' as split_name,
        'validation' as learnt_from
    union all
    select
        'score' as split_name,
        'test' as learnt_from
),

past as (
    select
        uses.split_name as used_for,
        forecasts.forecast_level,
        forecasts.group_name,
        forecasts.size_class,
        forecasts.units / forecasts.expected_units as ratio
    from {{ ref('dem_forecasts') }} as forecasts
    inner join uses on forecasts.split_name = uses.learnt_from
    where forecasts.units is not null and forecasts.expected_units > 0
),

quantiles as (
    select
        used_for,
        forecast_level,
        group_name,
        size_class,
        {% for suffix, level in demand_quantiles().items() -%}
            percentile_cont({{ level }}) within group (order by ratio)
                as ratio_{{ suffix }},
        {% endfor -%}
        cast(count(*) as bigint) as past_count
    from past
    group by used_for, forecast_level, group_name, size_class
)

select * from quantiles
where past_count >= {{ var('demand_least_errors') }}
