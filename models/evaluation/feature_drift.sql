-- one row per user feature that a champion reads and as-of date after the baseline
{% set thresholds = var('drift_thresholds') -%}
with

feature_dates as (
    select
        feature_name,
        as_of_date,
        sum(row_count) as row_count
    from {{ ref('feature_bin_counts') }}
    where period = 'now'
    group by feature_name, as_of_date
),

-- drift beyond chance
stability as (
    select
        *,
        greatest(stability_index - stability_index_by_chance, 0) as drift_index
    from {{ ref('feature_stability') }}
    where least(row_count, earlier_row_count) >= {{ var('drift_min_rows') }}
),

compared as (
    select
        feature_dates.feature_name,
        feature_dates.as_of_date,
        feature_dates.row_count,
        coalesce(baseline.row_count, 0) / cast(feature_dates.row_count as double)
            as equal_history_share,
        baseline.stability_index,
        baseline.stability_index_by_chance,
        baseline.missing_share,
        baseline.earlier_missing_share as baseline_missing_share,
        baseline.drift_index as baseline_drift_index,
        last_year.drift_index as last_year_drift_index
    from feature_dates
    left join stability as baseline
        on
            feature_dates.feature_name = baseline.feature_name
            and feature_dates.as_of_date = baseline.as_of_date
            and baseline.earlier_period = 'baseline'
    left join stability as last_year
        on
            feature_dates.feature_name = last_year.feature_name
            and feature_dates.as_of_date = last_year.as_of_date
            and last_year.earlier_period = 'last year'
),

reasoned as (
    select
        *,
        case
            when row_count < {{ var('drift_min_rows') }} then 'too few users'
            when
                equal_history_share < {{ var('drift_least_equal_history_share') }}
                then 'too few users of equal history in the baseline'
        end as left_out_reason,
        case
            when last_year_drift_index is null then 'unknown'
            when last_year_drift_index < {{ thresholds['watch'] }} then 'as last year'
            else 'unlike last year'
        end as season
    from compared
),

-- a change that last year had in the same weeks is season
indexed as (
    select
        *,
        case
            when left_out_reason is not null then null
            when season = 'as last year'
                then least(baseline_drift_index, last_year_drift_index)
            else baseline_drift_index
        end as drift_index
    from reasoned
),

judged as (
    select
        feature_name,
        case
            when left_out_reason is not null then 'left out'
            when
                drift_index < {{ thresholds['watch'] }}
                and baseline_drift_index >= {{ thresholds['watch'] }}
                then 'season'
            else {{ drift_verdict('drift_index', thresholds) }}
        end as verdict,
        left_out_reason,
        season,
        cast(row_count as bigint) as row_count,
        round(equal_history_share, 12) as equal_history_share,
        drift_index,
        stability_index,
        stability_index_by_chance,
        last_year_drift_index,
        missing_share,
        baseline_missing_share,
        as_of_date
    from indexed
)

select * from judged
