-- one row per task with a champion and closed label window that it predicted
with

champions as (
    select
        estimators.task,
        estimators.estimator_name,
        learning_tasks.label_kind = 'binary' as is_binary
    from {{ ref('estimator_registry') }} as estimators
    inner join {{ ref('learning_tasks') }} as learning_tasks
        on estimators.task = learning_tasks.task
    where estimators.status = 'champion'
),

predictions as (
    select * from {{ ref('estimator_predictions') }}
    where not is_baseline and is_outcome_final
),

-- rows of one user are not independent
users as (
    select
        champions.task,
        champions.estimator_name,
        predictions.user_id,
        count(*) as row_count,
        sum(predictions.prediction) as prediction,
        sum(predictions.outcome) as outcome,
        -- the variance of a probability, known for any number of rows
        sum(
            case
                when champions.is_binary
                    then predictions.prediction * (1 - predictions.prediction)
                else 0
            end
        ) as variance,
        predictions.as_of_date
    from predictions
    inner join champions
        on
            predictions.task = champions.task
            and predictions.estimator_name = champions.estimator_name
    group by
        champions.task, champions.estimator_name, predictions.user_id,
        predictions.as_of_date
),

windows as (
    select
        task,
        estimator_name,
        cast(sum(row_count) as bigint) as row_count,
        sum(prediction) / sum(row_count) as mean_prediction,
        sum(outcome) / sum(row_count) as mean_outcome,
        greatest(sum(variance), sum(power(outcome - prediction, 2)))
        / power(sum(row_count), 2) as variance,
        as_of_date
    from users
    group by task, estimator_name, as_of_date
    having sum(row_count) >= {{ var('drift_min_rows') }}
),

-- error of earlier windows beyond chance
compared as (
    select
        *,
        count(*) over earlier as earlier_window_count,
        greatest(
            avg(power(mean_outcome - mean_prediction, 2) - variance) over earlier, 0
        ) as variance_between_windows
    from windows
    window earlier as (
        partition by task
        order by as_of_date rows between unbounded preceding and 1 preceding
    )
),

bounded as (
    select
        *,
        case
            when earlier_window_count >= {{ var('calibration_min_windows') }}
                then
                    ({{ student_quantile(
                        var('calibration_normal_quantile'), 'earlier_window_count'
                    ) }})
                    * sqrt(variance + variance_between_windows)
        end as half_width
    from compared
),

judged as (
    select
        task,
        estimator_name,
        case
            when half_width is null then 'too few windows'
            when abs(mean_outcome - mean_prediction) > half_width then 'off'
            else 'holds'
        end as verdict,
        row_count,
        cast(earlier_window_count as bigint) as earlier_window_count,
        round(mean_prediction, 9) as mean_prediction,
        round(mean_outcome, 9) as mean_outcome,
        -- greatest() overlooks null
        case
            when half_width is not null
                then round(greatest(mean_prediction - half_width, 0), 9)
        end as expected_low,
        round(mean_prediction + half_width, 9) as expected_high,
        row_number() over (partition by task order by as_of_date desc) = 1
            as is_newest,
        as_of_date
    from bounded
)

select * from judged
