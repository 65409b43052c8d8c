-- one row per task with a champion and as-of date after the baseline
with

importance as (select * from {{ ref('feature_importance') }}),
feature_drift as (select * from {{ ref('feature_drift') }}),

as_of_dates as (
    select distinct as_of_date from feature_drift
),

-- features without a row in feature_drift count as 0 and are reported beside the sum
weighted as (
    select
        importance.task,
        importance.estimator_name,
        importance.feature_name,
        importance.score_share,
        feature_drift.drift_index,
        coalesce(feature_drift.drift_index * importance.score_share, 0)
            as weighted_index,
        coalesce(feature_drift.season <> 'unknown', false) as is_season_known,
        as_of_dates.as_of_date
    from importance
    cross join as_of_dates
    left join feature_drift
        on
            importance.feature_name = feature_drift.feature_name
            and as_of_dates.as_of_date = feature_drift.as_of_date
),

summed as (
    select
        task,
        estimator_name,
        round(sum(weighted_index), 9) as weighted_index,
        round(sum(case when drift_index is not null then score_share else 0 end), 9)
            as compared_share,
        case
            when max(weighted_index) > 0
                then min_by(feature_name, (-weighted_index, feature_name))
        end as leading_feature_name,
        max(is_season_known) as is_season_known,
        as_of_date
    from weighted
    group by task, estimator_name, as_of_date
),

judged as (
    select
        task,
        estimator_name,
        case
            when compared_share = 0 then 'unknown'
            else {{ drift_verdict(
                'weighted_index', var('weighted_drift_thresholds')
            ) }}
        end as verdict,
        leading_feature_name,
        weighted_index,
        compared_share,
        is_season_known,
        as_of_date
    from summed
)

select * from judged
