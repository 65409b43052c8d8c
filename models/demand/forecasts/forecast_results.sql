-- one row per period, date, weeks ahead, level, group and method: how good it was
with

errors as (select * from {{ ref('dem_errors') }}),

scoring as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

{% set keys -%}
    errors.split_name, errors.forecast_level, errors.group_name, errors.method_name
{%- endset -%}
{% set measures %}
    cast(sum(errors.row_count) as bigint) as row_count,
    {{ exact_sum('errors.unit_sum') }} as unit_count,
    {{ exact_sum('errors.error_sum') }}
    / nullif({{ exact_sum('errors.unit_sum') }}, 0) as wape,
    {{ exact_sum('errors.bias_sum') }}
    / nullif({{ exact_sum('errors.unit_sum') }}, 0) as bias_share,
    {{ exact_sum('errors.pinball_sum') }}
    / nullif({{ exact_sum('errors.unit_sum') }}, 0) as pinball_share,
    {{ exact_sum('errors.scaled_sum') }} / sum(errors.row_count) as mase,
    cast(sum(errors.below_q90_count) as double) / sum(errors.row_count)
        as q90_coverage_share,
    cast(sum(errors.below_q95_count) as double) / sum(errors.row_count)
        as q95_coverage_share
{% endset -%}
united as (
    select
        'pooled' as period,
        0 as weeks_ahead,
        {{ keys }},
        {{ measures }}
    from errors
    group by {{ keys }}
    union all
    select
        'pooled' as period,
        errors.weeks_ahead,
        {{ keys }},
        {{ measures }}
    from errors
    group by errors.weeks_ahead, {{ keys }}
    union all
    select
        cast(
            {{ days_after('scoring.scoring_date', '7 * errors.origin_week') }} as string
        ) as period,
        0 as weeks_ahead,
        {{ keys }},
        {{ measures }}
    from errors
    cross join scoring
    group by errors.origin_week, scoring.scoring_date, {{ keys }}
),

named as (
    select
        split_name,
        period,
        cast(weeks_ahead as bigint) as weeks_ahead,
        forecast_level,
        group_name,
        method_name,
        row_count,
        unit_count,
        wape,
        mase,
        bias_share,
        pinball_share,
        q90_coverage_share,
        q95_coverage_share
    from united
)

select * from named
