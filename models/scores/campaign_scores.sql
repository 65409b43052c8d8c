-- one row per task, open campaign and user, as of the scoring date
with

scores as (
    select * from {{ ref('ml_user_campaign__scores') }}
),

panel as (
    select * from {{ ref('ftr_user_campaign__panel') }}
    where split_name = 'score'
),

tasks as (
    select
        task,
        horizon_days
    from {{ ref('learning_tasks') }}
),

stages as (
    select * from {{ ref('ftr_campaign__stages') }}
),

joined as (
    select
        cast(scores.task as string) as task,
        panel.campaign_id,
        panel.user_id,
        cast(scores.estimator_name as string) as estimator_name,
        cast(scores.estimator_version as string) as estimator_version,
        panel.segment_name,
        scores.score as score_at_contact,
        tasks.horizon_days,
        stages.remaining_share,
        stages.reachable_share,
        panel.is_contacted,
        panel.has_redeemed_before as has_redeemed,
        panel.days_since_last_order <= {{ var('active_days') }} as is_active,
        panel.as_of_date
    from panel
    inner join scores
        on
            panel.campaign_id = scores.campaign_id
            and panel.user_id = scores.user_id
    inner join tasks on scores.task = tasks.task
    inner join stages on panel.campaign_id = stages.campaign_id
),

-- a window of fixed length starts anew each day. Until the campaign's end, though:
-- contacted before: Bayes, given that nothing was redeemed until now;
-- contacted now: what fits into the days that are left
conditioned as (
    select
        *,
        case
            when horizon_days is not null then score_at_contact
            when has_redeemed then null
            when is_contacted
                then
                    score_at_contact * remaining_share
                    / (1 - score_at_contact + score_at_contact * remaining_share)
            else score_at_contact * reachable_share
        end as score
    from joined
),

deciles as (
    select
        task,
        campaign_id,
        user_id,
        cast(
            ntile(10) over (
                partition by task, campaign_id order by score desc, user_id asc
            ) as bigint
        ) as score_decile
    from conditioned
    where score is not null
),

ranked as (
    select
        conditioned.task,
        conditioned.campaign_id,
        conditioned.user_id,
        conditioned.estimator_name,
        conditioned.estimator_version,
        conditioned.segment_name,
        deciles.score_decile,
        conditioned.score,
        conditioned.score_at_contact,
        conditioned.is_contacted,
        conditioned.has_redeemed,
        conditioned.is_active,
        conditioned.as_of_date
    from conditioned
    left join deciles
        on
            conditioned.task = deciles.task
            and conditioned.campaign_id = deciles.campaign_id
            and conditioned.user_id = deciles.user_id
)

select * from ranked
