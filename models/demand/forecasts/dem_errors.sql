-- one row per period, level, group, method, week it is forecast from and weeks ahead
with

judged as (
    select * from {{ ref('dem_predictions') }}
    where
        split_name in ('validation', 'test')
        and units is not null
        and weeks_ahead <= 4
),

categories as (
    select * from {{ ref('dem_category_forecasts') }}
    where split_name in ('validation', 'test')
),

{% set quantiles = demand_quantiles() -%}
served as (
    select
        *,
        0
        {% for suffix, level in quantiles.items() -%}
            + greatest(
                {{ level }} * (units - units_{{ suffix }}),
                ({{ level }} - 1) * (units - units_{{ suffix }})
            )
        {%- endfor %}
            as pinball
    from {{ ref('dem_quantiles') }}
    where split_name = 'test' and units is not null and weeks_ahead <= 4
),

-- who is newly promoted is judged apart as well
predictions as (
    select
        *,
        product_group as group_name
    from judged
    union all
    select
        *,
        'newly_promoted' as group_name
    from judged
    where is_newly_promoted and product_group = 'regular'
),

{# places have no usual change of their own -#}
{% set usual_change -%}
    case when mean_change is not null then greatest(mean_change, 0.1) end
{%- endset -%}
{% set sums %}
    cast(count(*) as bigint) as row_count,
    {{ exact_sum('units') }} as unit_sum,
    {{ exact_sum('abs(units - forecast)') }} as error_sum,
    {{ exact_sum('forecast - units') }} as bias_sum,
    {{ exact_sum('abs(units - forecast) / ' ~ usual_change) }} as scaled_sum
{% endset -%}
stacked as (
    {% for method in demand_methods() -%}
        select
            split_name,
            'product' as forecast_level,
            group_name,
            '{{ method }}' as method_name,
            origin_week,
            weeks_ahead,
            {{ sums | replace('forecast', method) }},
            cast(null as double) as pinball_sum,
            cast(null as bigint) as below_q90_count,
            cast(null as bigint) as below_q95_count
        from predictions
        where {{ method }} is not null
        group by all
        union all
    {% endfor -%}
    {% for method in ('mean_4', 'mean_8', 'bottom_up') -%}
        select
            split_name,
            'category' as forecast_level,
            'all' as group_name,
            '{{ method }}' as method_name,
            origin_week,
            weeks_ahead,
            {{ sums | replace('forecast', method) }},
            cast(null as double) as pinball_sum,
            cast(null as bigint) as below_q90_count,
            cast(null as bigint) as below_q95_count
        from categories
        group by all
        union all
    {% endfor -%}
    select
        split_name,
        forecast_level,
        group_name,
        'in_service' as method_name,
        origin_week,
        weeks_ahead,
        {{ sums | replace('forecast', 'expected_units') }},
        {{ exact_sum('pinball / ' ~ quantiles | length) }} as pinball_sum,
        cast(sum(case when units <= units_q90 then 1 else 0 end) as bigint)
            as below_q90_count,
        cast(sum(case when units <= units_q95 then 1 else 0 end) as bigint)
            as below_q95_count
    from served
    group by all
)

select * from stacked
