-- one row per user feature that a champion reads, period, as-of date, history and bin
{% set snapshot = ref('ftr_user__snapshot') -%}
{% set features = champion_features(snapshot, ref('estimator_registry')) -%}
{% set types = {'numbers': 'double', 'texts': 'string'} -%}
{% set step = var('as_of_step_days') -%}
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),

-- training windows of the champion judged on the test closed by this date
baseline as (
    select min(train_until_date) as baseline_until_date
    from {{ ref('lbl_splits') }}
    where split_name in ('test', 'score')
),

grid as (
    select
        as_of_dates.as_of_date,
        {{ days_after('as_of_dates.as_of_date', var('lapse_horizon_days')) }}
        <= baseline.baseline_until_date as is_baseline
    from as_of_dates
    cross join baseline
    where as_of_dates.is_grid_date
),

dates as (
    select
        case when is_baseline then 'baseline' else 'now' end as period,
        as_of_date as snapshot_date,
        case when not is_baseline then as_of_date end as as_of_date
    from grid
    union all
    -- the same weeks of last year: 52 weeks ago, so that weekdays agree, and a step
    -- before or after
    select
        'last year' as period,
        as_of_dates.as_of_date as snapshot_date,
        grid.as_of_date
    from grid
    inner join as_of_dates
        on
            as_of_dates.as_of_date
            between {{ days_after('grid.as_of_date', -364 - step) }}
            and {{ days_after('grid.as_of_date', -364 + step) }}
    where not grid.is_baseline
),

{% for kind, type in types.items() -%}
    {{ kind }}_wide as (
        select
            {% for column in features[kind] -%}
                cast(users.{{ column }} as {{ type }}) as {{ column }},
            {% endfor -%}
            users.days_since_first_order as age_days,
            dates.period,
            dates.as_of_date
        from {{ snapshot }} as users
        inner join dates on users.as_of_date = dates.snapshot_date
        where users.days_since_last_order <= {{ var('active_days') }}
    ),

    {{ kind }} as (
        {% if features[kind] -%}
            select
                feature_name,
                feature_value,
                {{ history_days('feature_name', 'age_days') }} as history_days,
                count(*) as row_count,
                period,
                as_of_date
            from {{ kind }}_wide unpivot include nulls (
                feature_value for feature_name in ({{ features[kind] | join(', ') }})
            )
            group by feature_name, feature_value, history_days, period, as_of_date
        {%- else -%}
            -- no champion: no rows, with the right types
            select
                cast(null as string) as feature_name,
                cast(null as {{ type }}) as feature_value,
                cast(null as bigint) as history_days,
                cast(null as bigint) as row_count,
                period,
                as_of_date
            from {{ kind }}_wide
            where 1 = 0
        {%- endif %}
    ),

{% endfor -%}
ranked as (
    select
        feature_name,
        feature_value,
        sum(row_count) over (
            partition by feature_name order by feature_value
        ) as upto,
        sum(row_count) over (partition by feature_name) as total
    from numbers
    where period = 'baseline' and feature_value is not null
),

cuts as (
    select
        feature_name,
        {{ decile_cuts('feature_value') }}
    from ranked
    group by feature_name
),

binned as (
    select
        numbers.feature_name,
        -- without a cut (the baseline knows no value) all values are one bin
        case
            when numbers.feature_value is not null
                then 'bin ' || cast(coalesce(
                    {{ decile_bin('numbers.feature_value') }}, 1
                ) as string)
        end as bin_name,
        numbers.history_days,
        numbers.row_count,
        numbers.period,
        numbers.as_of_date
    from numbers
    left join cuts on numbers.feature_name = cuts.feature_name
    union all
    select * from texts
),

counted as (
    select
        feature_name,
        period,
        coalesce(bin_name, 'missing') as bin_name,
        history_days,
        cast(sum(row_count) as bigint) as row_count,
        bin_name is null as is_missing,
        as_of_date
    from binned
    group by feature_name, period, bin_name, history_days, as_of_date
)

select * from counted
