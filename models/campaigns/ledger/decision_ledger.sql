-- one row per campaign, user and revision of a decision that was launched, for good
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}
with

decisions as (
    select
        decisions.campaign_id,
        decisions.user_id,
        decisions.decision,
        decisions.arm,
        decisions.offer_id,
        decisions.channel,
        decisions.segment_name,
        decisions.reasons,
        decisions.reasons_zh,
        decisions.value_basis,
        decisions.estimator_version,
        decisions.is_global_control,
        '{{ control_draw() }}' as control_draw,
        cast(1 as bigint) as revision_number,
        decisions.score,
        decisions.response_probability,
        decisions.expected_cost,
        decisions.expected_margin,
        decisions.send_on,
        decisions.decided_on
    from {{ ref('dec_decisions') }} as decisions
    inner join {{ ref('plan_campaigns') }} as campaigns
        on decisions.campaign_id = campaigns.campaign_id
    where campaigns.is_launching
),

corrections as (
    select
        campaign_id,
        user_id,
        decision,
        reason,
        cast(corrected_on as date) as corrected_on
    from {{ ref('decision_corrections') }}
    where shop = '{{ active_source() }}'
),

-- existing rows never change
frozen as (
    {% if is_incremental() -%}
        select * from {{ this }}
    {% else -%}
        select
            cast(null as string) as decision_id,
            *,
            cast(null as string) as build_id
        from decisions
        where 1 = 0
    {% endif %}
),

-- a campaign launches whole, once
launched as (
    select distinct campaign_id from frozen
),

latest as (
    select *
    from frozen
    qualify
        row_number() over (
            partition by campaign_id, user_id order by revision_number desc
        ) = 1
),

added as (
    select
        decisions.*,
        cast(null as string) as corrects_decision_id
    from decisions
    anti join launched on decisions.campaign_id = launched.campaign_id
    union all
    select
        latest.campaign_id,
        latest.user_id,
        corrections.decision,
        latest.arm,
        latest.offer_id,
        latest.channel,
        latest.segment_name,
        corrections.reason as reasons,
        corrections.reason as reasons_zh,
        latest.value_basis,
        latest.estimator_version,
        latest.is_global_control,
        latest.control_draw,
        latest.revision_number + 1 as revision_number,
        latest.score,
        latest.response_probability,
        latest.expected_cost,
        latest.expected_margin,
        cast(null as date) as send_on,
        corrections.corrected_on as decided_on,
        latest.decision_id as corrects_decision_id
    from latest
    inner join corrections
        on
            latest.campaign_id = corrections.campaign_id
            and latest.user_id = corrections.user_id
    where latest.decision <> corrections.decision
),

identified as (
    select
        {{ decision_id('revision_number') }} as decision_id,
        '{{ invocation_id }}' as build_id,
        *
    from added
)

select
    decision_id,
    campaign_id,
    user_id,
    decision,
    arm,
    offer_id,
    channel,
    segment_name,
    reasons,
    reasons_zh,
    value_basis,
    estimator_version,
    is_global_control,
    control_draw,
    corrects_decision_id,
    revision_number,
    score,
    response_probability,
    expected_cost,
    expected_margin,
    send_on,
    decided_on,
    build_id
from identified
