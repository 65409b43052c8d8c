-- one row per task with a champion: whether it needs anybody
with

drift as (
    select * from {{ ref('task_drift') }}
    qualify row_number() over (partition by task order by as_of_date desc) = 1
),

calibration as (
    select * from {{ ref('task_calibration') }}
    where is_newest
),

champions as (
    select
        task,
        estimator_name
    from {{ ref('estimator_registry') }}
    where status = 'champion'
),

joined as (
    select
        champions.task,
        champions.estimator_name,
        coalesce(drift.verdict, 'unknown') as drift_verdict,
        coalesce(calibration.verdict, 'no closed window') as calibration_verdict,
        case
            when drift.is_season_known then 'told by last year'
            else 'unknown without last year'
        end as season,
        drift.leading_feature_name,
        case when drift.verdict <> 'unknown' then drift.weighted_index end
            as weighted_index,
        drift.compared_share,
        calibration.mean_prediction,
        calibration.mean_outcome,
        calibration.expected_low,
        calibration.expected_high,
        drift.as_of_date as drift_as_of_date,
        calibration.as_of_date as window_as_of_date
    from champions
    left join drift on champions.task = drift.task
    left join calibration on champions.task = calibration.task
),

-- inputs that jump, above all together with outcomes, count as a fault of the source
-- until that is ruled out: training would learn the fault
judged as (
    select
        task,
        estimator_name,
        case
            when
                drift_verdict = 'drifted'
                or (drift_verdict = 'watch' and calibration_verdict = 'off')
                then 'look at the source'
            when calibration_verdict = 'off' then 'retrain now'
            when drift_verdict = 'watch' then 'watch'
            when drift_verdict = 'stable' or calibration_verdict = 'holds'
                then 'nothing to do'
            else 'not known yet'
        end as advice,
        drift_verdict,
        calibration_verdict,
        season,
        leading_feature_name,
        weighted_index,
        compared_share,
        mean_prediction,
        mean_outcome,
        expected_low,
        expected_high,
        drift_as_of_date,
        window_as_of_date
    from joined
)

select * from judged
