-- one row per use, level, group, weeks of cover and size: quantiles of past errors
with

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
        covers.forecast_level,
        covers.group_name,
        covers.cover_weeks,
        covers.size_class,
        covers.units / covers.expected_units as ratio
    from {{ ref('dem_covers') }} as covers
    inner join uses on covers.split_name = uses.learnt_from
    where covers.units is not null and covers.expected_units > 0
),

quantiles as (
    select
        used_for,
        forecast_level,
        group_name,
        cover_weeks,
        size_class,
        {% for suffix, level in cover_quantiles().items() -%}
            percentile_cont({{ level }}) within group (order by ratio)
                as ratio_{{ suffix }},
        {% endfor -%}
        cast(count(*) as bigint) as past_count
    from past
    group by used_for, forecast_level, group_name, cover_weeks, size_class
)

select * from quantiles
where past_count >= {{ var('demand_least_errors') }}
