-- one row per task that predicts an amount, user and rank of the reason
with

reasons as (select * from {{ ref('ml_user__reasons') }}),
amounts as (select * from {{ ref('user_amounts') }}),

joined as (
    select
        cast(reasons.task as string) as task,
        cast(reasons.user_id as string) as user_id,
        cast(amounts.estimator_version as string) as estimator_version,
        cast(reasons.reason_group as string) as reason_group,
        cast(reasons.reason_text as string) as reason_text,
        cast(reasons.reason_text_zh as string) as reason_text_zh,
        cast(reasons.direction as string) as direction,
        reasons.reason_rank,
        amounts.expected_amount,
        reasons.contribution as contribution_amount,
        reasons.rest as rest_amount,
        reasons.baseline as baseline_amount,
        cast(reasons.as_of_date as date) as as_of_date
    from reasons
    inner join amounts
        on reasons.task = amounts.task and reasons.user_id = amounts.user_id
)

select * from joined
