-- one row per open campaign and user to contact, as of the scoring date
with

scores as (
    select * from {{ ref('campaign_scores') }}
    where task = 'redeem'
),

campaigns as (
    select * from {{ ref('campaign_calendar') }}
),

-- whoever has stopped shopping or has redeemed already is left alone
candidates as (
    select * from scores
    where is_active and not has_redeemed
),

ranked as (
    select
        candidates.campaign_id,
        candidates.user_id,
        campaigns.campaign_type,
        candidates.segment_name,
        candidates.estimator_version,
        case when candidates.is_contacted then 'remind' else 'send' end
            as contact_action,
        cast(
            row_number() over (
                partition by candidates.campaign_id
                order by candidates.score desc, candidates.user_id asc
            ) as bigint
        ) as audience_rank,
        candidates.score_decile,
        candidates.score,
        count(*) over (partition by candidates.campaign_id) as candidate_count,
        campaigns.starts_on,
        campaigns.ends_on,
        candidates.as_of_date
    from candidates
    inner join campaigns on candidates.campaign_id = campaigns.campaign_id
),

contacted as (
    select
        campaign_id,
        user_id,
        campaign_type,
        segment_name,
        contact_action,
        estimator_version,
        audience_rank,
        score_decile,
        score,
        -- redemptions expected from this rank and all above it
        round(
            sum(score) over (
                partition by campaign_id
                order by audience_rank
                rows between unbounded preceding and current row
            ), 6
        ) as expected_redemptions,
        starts_on,
        ends_on,
        as_of_date
    from ranked
    where audience_rank <= ceil(candidate_count * {{ var('audience_share') }})
)

select * from contacted
