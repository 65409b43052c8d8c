-- one row per task of an amount and tenth of its test rows by predicted amount
with

champions as (
    select distinct
        task,
        estimator_name
    from {{ ref('estimator_results') }}
    where is_champion and split_name = 'test' and row_set = 'all'
),

amounts as (
    select task from {{ ref('learning_tasks') }}
    where label_kind = 'amount'
),

predictions as (
    select * from {{ ref('estimator_predictions') }}
    where split_name = 'test'
),

placed as (
    select
        predictions.task,
        predictions.estimator_name,
        predictions.user_id,
        ntile(10) over (
            partition by predictions.task
            order by
                predictions.prediction asc,
                predictions.user_id asc,
                predictions.as_of_date asc
        ) as tenth,
        predictions.prediction,
        predictions.outcome
    from predictions
    inner join amounts on predictions.task = amounts.task
    inner join champions
        on
            predictions.task = champions.task
            and predictions.estimator_name = champions.estimator_name
),

averaged as (
    select
        task,
        estimator_name,
        cast(tenth as bigint) as tenth,
        cast(count(distinct user_id) as bigint) as user_count,
        cast(count(*) as bigint) as row_count,
        round(avg(prediction), 6) as mean_prediction,
        round(avg(outcome), 6) as mean_outcome
    from placed
    group by task, estimator_name, tenth
)

select * from averaged
qualify {{ is_shown('user_count', 'task', 'tenth') }}
