-- one row per task with a champion and bin of its predicted probability
with

calibration as (
    select * from {{ ref('score_calibration') }}
    where split_name = 'test' and row_set = 'all'
),

champions as (
    select distinct
        task,
        estimator_name
    from {{ ref('estimator_results') }}
    where is_champion and split_name = 'test' and row_set = 'all'
),

joined as (
    select
        calibration.task,
        calibration.estimator_name,
        calibration.bin_number,
        calibration.user_count,
        calibration.row_count,
        calibration.mean_prediction,
        calibration.outcome_rate,
        calibration.rate_low,
        calibration.rate_high
    from calibration
    inner join champions
        on
            calibration.task = champions.task
            and calibration.estimator_name = champions.estimator_name
)

select * from joined
