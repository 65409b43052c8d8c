-- the report says that bands of all products add those of categories
with

summed as (
    select
        week_start_date as week_starts_on,
        sum(expected_units) as expected_units,
        sum(units_q05) as units_q05,
        sum(units_q25) as units_q25,
        sum(units_q75) as units_q75,
        sum(units_q95) as units_q95
    from {{ ref('demand_forecast') }}
    where forecast_level = 'category'
    group by week_start_date
),

drawn as (
    select * from {{ ref('rpt_demand_weeks') }}
    where category_name = 'all' and expected_units is not null
)

select drawn.*
from drawn
left join summed on drawn.week_starts_on = summed.week_starts_on
where
    {% for column in [
        'expected_units', 'units_q05', 'units_q25', 'units_q75', 'units_q95'
    ] -%}
        coalesce(
            abs(drawn.{{ column }} - summed.{{ column }})
            > 0.000001 * greatest(summed.{{ column }}, 1),
            true
        )
        {{ 'or' if not loop.last }}
    {% endfor %}
