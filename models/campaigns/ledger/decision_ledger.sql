-- one row per campaign, user and revision of a decision that was launched, for good
{% set step = launch_step() -%}
{% set placement = ['offer_id', 'channel', 'segment_name'] -%}
{# what the plan said, as a launched campaign may leave it #}
{% set planned = ['campaign_type', 'starts_on', 'ends_on'] -%}
{# as decided, through all corrections #}
{% set kept = [
    'choice_basis', 'value_basis', 'estimator_version', 'is_global_control', 'score',
    'propensity', 'response_probability', 'contacted_probability',
    'baseline_probability', 'increment_low', 'increment_high', 'expected_cost',
    'expected_margin', 'margin_low', 'margin_high',
] + planned -%}
{% set columns = ['campaign_id', 'user_id', 'decision', 'arm'] + placement
    + ['reasons', 'reasons_zh'] + kept + ['send_on', 'decided_on'] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}
with

decisions as (
    select
        {% for column in columns -%}
            {{ 'campaigns' if column in planned else 'decisions' }}.{{ column }},
        {% endfor -%}
        '{{ control_draw() }}' as control_draw,
        cast(1 as bigint) as revision_number
    from {{ ref('dec_decisions') }} as decisions
    inner join {{ ref('plan_campaigns') }} as campaigns
        on decisions.campaign_id = campaigns.campaign_id
    where campaigns.is_launching and {{ step.is_launch }}
),

-- a campaign that would contact nobody waits, unless make launch is told its name
reaching as (
    select campaign_id from decisions
    where decision = 'contact' or campaign_id in ({{ step.empty_campaigns }})
    group by campaign_id
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

-- make undo-launch takes back all contacts and control users of a campaign
corrections as (
    select
        campaign_id,
        user_id,
        decision,
        reason,
        reason as reason_zh,
        false as is_undone,
        cast(corrected_on as date) as corrected_on
    from {{ ref('decision_corrections') }}
    where shop = '{{ active_source() }}' and campaign_id <> {{ step.undone_campaign }}
    union all
    select
        campaign_id,
        user_id,
        'withdrawn' as decision,
        'The launch of the campaign was undone.' as reason,
        '活动投放已撤销。' as reason_zh,
        true as is_undone,
        cast('{{ run_started_at.date() }}' as date) as corrected_on
    from latest
    where
        decision in ('contact', 'control')
        and campaign_id = {{ step.undone_campaign }}
),

added as (
    select
        decisions.*,
        cast(null as string) as corrects_decision_id
    from decisions
    semi join reaching on decisions.campaign_id = reaching.campaign_id
    anti join launched on decisions.campaign_id = launched.campaign_id
    union all
    select
        latest.campaign_id,
        latest.user_id,
        corrections.decision,
        case when not corrections.is_undone then latest.arm end as arm,
        {% for column in placement -%}
            latest.{{ column }},
        {% endfor -%}
        corrections.reason as reasons,
        corrections.reason_zh as reasons_zh,
        {% for column in kept -%}
            latest.{{ column }},
        {% endfor -%}
        cast(null as date) as send_on,
        corrections.corrected_on as decided_on,
        latest.control_draw,
        latest.revision_number + 1 as revision_number,
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
        {% for column in columns -%}
            {{ column }},
        {% endfor -%}
        control_draw,
        corrects_decision_id,
        revision_number,
        '{{ invocation_id }}' as build_id
    from added
)

select * from identified
