-- one row per task that predicts an amount and active user, as of the scoring date
with

tasks as (
    select task from {{ ref('learning_tasks') }}
    where label_kind = 'amount'
),

scores as (select * from {{ ref('ml_user__scores') }}),

typed as (
    select
        cast(scores.task as string) as task,
        cast(scores.user_id as string) as user_id,
        cast(scores.estimator_name as string) as estimator_name,
        cast(scores.estimator_version as string) as estimator_version,
        cast(round(scores.score, 2) as decimal(18, 2)) as expected_amount,
        cast(scores.as_of_date as date) as as_of_date
    from scores
    inner join tasks on scores.task = tasks.task
)

select * from typed
