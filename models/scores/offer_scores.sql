-- one row per task, offer open or planned and user, as of the scoring date
with

scores as (select * from {{ ref('ml_user_offer__scores') }}),

candidates as (
    select * from {{ ref('lbl_user_offer') }}
    where split_name = 'score'
),

users as (
    select
        user_id,
        segment_name,
        days_since_last_order,
        as_of_date
    from {{ ref('ftr_user__snapshot') }}
),

tasks as (
    select
        task,
        horizon_days
    from {{ ref('learning_tasks') }}
),

stages as (select * from {{ ref('ftr_offer__stages') }}),

joined as (
    select
        cast(scores.task as string) as task,
        candidates.offer_id,
        candidates.campaign_id,
        candidates.user_id,
        cast(scores.estimator_name as string) as estimator_name,
        cast(scores.estimator_version as string) as estimator_version,
        users.segment_name,
        scores.score as score_at_contact,
        tasks.horizon_days,
        stages.remaining_share,
        stages.reachable_share,
        candidates.is_contacted,
        candidates.has_redeemed_before as has_redeemed,
        users.days_since_last_order <= {{ var('active_days') }} as is_active,
        candidates.as_of_date
    from candidates
    inner join users
        on
            candidates.user_id = users.user_id
            and candidates.as_of_date = users.as_of_date
    inner join scores
        on
            candidates.offer_id = scores.offer_id
            and candidates.user_id = scores.user_id
    inner join tasks on scores.task = tasks.task
    inner join stages on candidates.offer_id = stages.offer_id
),

-- a window of fixed length starts again each day. Until the campaign's end, however:
-- contacted before: Bayes, given no redemption so far;
-- contacted now: the share that fits into the remaining days
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
        offer_id,
        user_id,
        cast(
            ntile(10) over (
                partition by task, offer_id order by score desc, user_id asc
            ) as bigint
        ) as score_decile
    from conditioned
    where score is not null
),

ranked as (
    select
        conditioned.task,
        conditioned.offer_id,
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
            and conditioned.offer_id = deciles.offer_id
            and conditioned.user_id = deciles.user_id
)

select * from ranked
