-- one row per launched campaign that has not ended and contacted user
with

decisions as (
    select * from {{ ref('campaign_decisions') }}
    where is_frozen and decision = 'contact' and not {{ is_erased('user_id') }}
),

ledger as (select * from {{ ref('decision_ledger') }}),

-- of campaigns launched before the ledger kept these
campaigns as (select * from {{ ref('plan_campaigns') }}),

channels as (
    select * from {{ ref('channels') }}
    where shop = '{{ active_source() }}'
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

joined as (
    select
        decisions.decision_id,
        decisions.campaign_id,
        decisions.user_id,
        coalesce(ledger.campaign_type, campaigns.campaign_type) as campaign_type,
        decisions.channel,
        decisions.offer_id,
        decisions.segment_name,
        decisions.reasons,
        decisions.reasons_zh,
        decisions.estimator_version,
        cast(coalesce(channels.send_from_hour, '0') as bigint) as send_from_hour,
        cast(coalesce(channels.send_until_hour, '24') as bigint) as send_until_hour,
        decisions.score,
        decisions.response_probability,
        decisions.expected_cost,
        decisions.expected_margin,
        decisions.send_on,
        coalesce(ledger.starts_on, campaigns.starts_on) as starts_on,
        coalesce(ledger.ends_on, campaigns.ends_on) as ends_on,
        decisions.decided_on
    from decisions
    inner join ledger on decisions.decision_id = ledger.decision_id
    left join campaigns on decisions.campaign_id = campaigns.campaign_id
    left join channels on decisions.channel = channels.channel
),

ranked as (
    select
        joined.decision_id,
        joined.campaign_id,
        joined.user_id,
        joined.campaign_type,
        joined.channel,
        joined.offer_id,
        joined.segment_name,
        joined.reasons,
        joined.reasons_zh,
        joined.estimator_version,
        cast(
            row_number() over (
                partition by joined.campaign_id
                order by joined.expected_margin desc, joined.user_id asc
            ) as bigint
        ) as audience_rank,
        joined.send_from_hour,
        joined.send_until_hour,
        joined.score,
        joined.response_probability,
        joined.expected_cost,
        joined.expected_margin,
        joined.send_on,
        joined.starts_on,
        joined.ends_on,
        joined.decided_on
    from joined
    inner join scoring on joined.ends_on >= scoring.as_of_date
)

select * from ranked
