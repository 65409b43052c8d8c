-- scores closer to 0 or 1 than 1e-5 are explained as if they were that close
with

explained as (
    select
        task,
        '' as campaign_id,
        user_id,
        score,
        contribution_log_odds,
        rest_log_odds + baseline_log_odds as other_log_odds
    from {{ ref('user_score_reasons') }}
    union all
    select
        task,
        campaign_id,
        user_id,
        score_at_contact as score,
        contribution_log_odds,
        rest_log_odds + baseline_log_odds as other_log_odds
    from {{ ref('campaign_score_reasons') }}
),

added as (
    select
        task,
        campaign_id,
        user_id,
        least(greatest(max(score), 0.00001), 1 - 0.00001) as score,
        sum(contribution_log_odds) + max(other_log_odds) as log_odds
    from explained
    group by task, campaign_id, user_id
)

select * from added
where not coalesce(abs(log_odds - ln(score / (1 - score))) <= 1e-6, false)
