-- one row per task, user and rank of the reason, as of the scoring date
with

tasks as (
    select task from {{ ref('learning_tasks') }}
    where label_kind = 'binary'
),

reasons as (select * from {{ ref('ml_user__reasons') }}),
scores as (select * from {{ ref('ml_user__scores') }}),

joined as (
    select
        cast(reasons.task as string) as task,
        cast(reasons.user_id as string) as user_id,
        cast(scores.estimator_version as string) as estimator_version,
        cast(reasons.reason_group as string) as reason_group,
        cast(reasons.reason_text as string) as reason_text,
        cast(reasons.reason_text_zh as string) as reason_text_zh,
        cast(reasons.direction as string) as direction,
        reasons.reason_rank,
        scores.score,
        reasons.contribution as contribution_log_odds,
        reasons.rest as rest_log_odds,
        reasons.baseline as baseline_log_odds,
        cast(reasons.as_of_date as date) as as_of_date
    from reasons
    inner join tasks on reasons.task = tasks.task
    inner join scores
        on reasons.task = scores.task and reasons.user_id = scores.user_id
)

select * from joined
