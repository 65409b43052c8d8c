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
        coalesce(
            least(nullif(checks.treated_count, 0), nullif(checks.control_count, 0)), 0
        ) as smaller_arm_users,
        campaigns.starts_on,
        campaigns.ends_on
    from campaigns
    left join checks on campaigns.campaign_id = checks.campaign_id
),

-- one arm would reveal the other, and each figure what both hold
shown as (
    select
        campaign_id,
        plan_status,
        treated_share,
        {{ unless_few([
            'treated_count', 'control_count', 'sample_ratio_p_value',
            'segment_cramers_v', 'segment_p_value', 'expected_response_rate',
            'smallest_response_lift', 'margin_spread', 'expected_margin_lift',
            'smallest_margin_lift',
        ], users='smaller_arm_users') }},
        is_automatic,
        {{ is_few('smaller_arm_users') }} as has_few_users,
        starts_on,
        ends_on
    from joined
),

judged as (
    select
        campaign_id,
        plan_status,
        treated_count,
        control_count,
        treated_share,
        sample_ratio_p_value,
        segment_cramers_v,
        segment_p_value,
        expected_response_rate,
        smallest_response_lift,
        margin_spread,
        expected_margin_lift,
        smallest_margin_lift,
        is_automatic,
        has_few_users,
        coalesce(expected_margin_lift >= smallest_margin_lift, false) as is_detectable,
        starts_on,
        ends_on
    from shown
)

select * from judged
