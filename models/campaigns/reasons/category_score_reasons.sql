-- one row per task, user, category or department explained, and rank of the reason
with

reasons as (select * from {{ ref('ml_user_category__reasons') }}),
scores as (select * from {{ ref('category_scores') }}),

joined as (
    select
        cast(reasons.task as string) as task,
        cast(reasons.user_id as string) as user_id,
        cast(reasons.category_name as string) as category_name,
        cast(scores.estimator_version as string) as estimator_version,
        cast(reasons.reason_group as string) as reason_group,
        cast(reasons.reason_text as string) as reason_text,
        cast(reasons.reason_text_zh as string) as reason_text_zh,
        cast(reasons.direction as string) as direction,
        scores.score_rank,
        reasons.reason_rank,
        scores.score,
        reasons.contribution as contribution_log_odds,
        reasons.rest as rest_log_odds,
        reasons.baseline as baseline_log_odds,
        cast(reasons.as_of_date as date) as as_of_date
    from reasons
    inner join scores
        on
            reasons.task = scores.task
            and reasons.user_id = scores.user_id
            and reasons.category_name = scores.category_name
)

select * from joined
