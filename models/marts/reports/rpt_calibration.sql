-- one row per task with a live estimator and bin of its predicted probability
with

calibration as (
    select * from {{ ref('score_calibration') }}
    where split_name = 'test' and row_set = 'all'
),

live as (
    select distinct
        task,
        estimator_name
    from {{ ref('estimator_results') }}
    where is_live and split_name = 'test' and row_set = 'all'
),

judged as (
    select
        task,
        estimator_name,
        cast(least(floor(prediction * 10), 9) + 1 as bigint) as bin_number,
        cast(count(distinct user_id) as bigint) as user_count
    from {{ ref('estimator_predictions') }}
    where split_name = 'test'
    group by task, estimator_name, least(floor(prediction * 10), 9)
),

joined as (
    select
        calibration.task,
        calibration.estimator_name,
        calibration.bin_number,
        judged.user_count,
        calibration.row_count,
        calibration.mean_prediction,
        calibration.outcome_rate,
        calibration.rate_low,
        calibration.rate_high
    from calibration
    inner join live
        on
            calibration.task = live.task
            and calibration.estimator_name = live.estimator_name
    inner join judged
        on
            calibration.task = judged.task
            and calibration.estimator_name = judged.estimator_name
            and calibration.bin_number = judged.bin_number
)

select * from joined
