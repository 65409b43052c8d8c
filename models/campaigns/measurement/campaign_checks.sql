-- one row per planned campaign: whether its arms are sound, and large enough to measure
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
checks as (select * from {{ ref('ml_campaign_checks') }}),

-- a campaign without chosen users has empty arms
joined as (
    select
        campaigns.campaign_id,
        campaigns.plan_status,
        coalesce(checks.treated_count, 0) as treated_count,
        coalesce(checks.control_count, 0) as control_count,
        {{ planned_treated_share('campaigns.control_share') }} as treated_share,
        checks.sample_ratio_p_value,
        checks.segment_cramers_v,
        checks.segment_p_value,
        checks.expected_response_rate,
        checks.smallest_response_lift,
        checks.margin_spread,
        checks.expected_margin_lift,
        checks.smallest_margin_lift,
        campaigns.is_automatic,
        coalesce(checks.expected_margin_lift >= checks.smallest_margin_lift, false)
            as is_detectable,
        campaigns.starts_on,
        campaigns.ends_on
    from campaigns
    left join checks on campaigns.campaign_id = checks.campaign_id
)

select * from joined
