-- one row per task, offer open or planned, user and rank of the reason
with

reasons as (select * from {{ ref('ml_user_offer__reasons') }}),
scores as (select * from {{ ref('ml_user_offer__scores') }}),

joined as (
    select
        cast(reasons.task as string) as task,
        cast(reasons.offer_id as string) as offer_id,
        cast(reasons.campaign_id as string) as campaign_id,
        cast(reasons.user_id as string) as user_id,
        cast(scores.estimator_version as string) as estimator_version,
        cast(reasons.reason_group as string) as reason_group,
        cast(reasons.reason_text as string) as reason_text,
        cast(reasons.reason_text_zh as string) as reason_text_zh,
        cast(reasons.direction as string) as direction,
        reasons.reason_rank,
        scores.score as score_at_contact,
        reasons.contribution as contribution_log_odds,
        reasons.rest as rest_log_odds,
        reasons.baseline as baseline_log_odds,
        cast(reasons.as_of_date as date) as as_of_date
    from reasons
    inner join scores
        on
            reasons.task = scores.task
            and reasons.offer_id = scores.offer_id
            and reasons.user_id = scores.user_id
)

select * from joined
