-- one row per task, open campaign and user, as of the scoring date
with

scores as (
    select * from {{ ref('ml_user_campaign__scores') }}
),

panel as (
    select * from {{ ref('ftr_user_campaign__panel') }}
    where split_name = 'score'
),

ranked as (
    select
        cast(scores.task as string) as task,
        panel.campaign_id,
        panel.user_id,
        cast(scores.estimator_name as string) as estimator_name,
        cast(scores.estimator_version as string) as estimator_version,
        panel.segment_name,
        cast(
            ntile(10) over (
                partition by scores.task, panel.campaign_id
                order by scores.score desc, panel.user_id asc
            ) as bigint
        ) as score_decile,
        scores.score,
        panel.is_contacted,
        panel.has_redeemed_before as has_redeemed,
        panel.days_since_last_order <= {{ var('active_days') }} as is_active,
        panel.as_of_date
    from panel
    inner join scores
        on
            panel.campaign_id = scores.campaign_id
            and panel.user_id = scores.user_id
)

select * from ranked
