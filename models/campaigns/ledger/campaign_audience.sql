-- one row per launched campaign that has not ended and contacted user
with

decisions as (
    select * from {{ ref('campaign_decisions') }}
    where is_frozen and decision = 'contact' and not {{ is_erased('user_id') }}
),

campaigns as (select * from {{ ref('plan_campaigns') }}),
sending as (select * from {{ ref('plan_send_dates') }}),

ranked as (
    select
        decisions.decision_id,
        decisions.campaign_id,
        decisions.user_id,
        campaigns.campaign_type,
        decisions.channel,
        decisions.offer_id,
        decisions.segment_name,
        decisions.reasons,
        decisions.reasons_zh,
        decisions.estimator_version,
        cast(
            row_number() over (
                partition by decisions.campaign_id
                order by decisions.expected_margin desc, decisions.user_id asc
            ) as bigint
        ) as audience_rank,
        sending.send_from_hour,
        sending.send_until_hour,
        decisions.score,
        decisions.response_probability,
        decisions.expected_cost,
        decisions.expected_margin,
        decisions.send_on,
        campaigns.starts_on,
        campaigns.ends_on,
        decisions.decided_on
    from decisions
    inner join campaigns on decisions.campaign_id = campaigns.campaign_id
    inner join sending on decisions.campaign_id = sending.campaign_id
)

select * from ranked
