-- one row per planned campaign and user of the base: what is decided, and why
{% set columns = [
    'campaign_id', 'user_id', 'decision', 'arm', 'offer_id', 'channel', 'segment_name',
    'reasons', 'reasons_zh', 'choice_basis', 'value_basis', 'estimator_version', 'score',
    'propensity', 'response_probability', 'contacted_probability',
    'baseline_probability', 'increment_low', 'increment_high', 'expected_cost',
    'expected_margin', 'margin_low', 'margin_high', 'send_on', 'decided_on',
] -%}
with

ledger as (
    select * from {{ ref('decision_ledger') }}
    qualify
        row_number() over (
            partition by campaign_id, user_id order by revision_number desc
        ) = 1
),

proposals as (select * from {{ ref('dec_decisions') }}),

launched as (
    select distinct campaign_id from ledger
),

united as (
    select
        decision_id,
        {{ columns | join(',\n        ') }},
        'launched' as decision_status
    from ledger
    union all
    select
        cast(null as string) as decision_id,
        {% for column in columns -%}
            proposals.{{ column }},
        {% endfor -%}
        case
            when proposals.plan_status = 'approved' then 'planned' else 'draft'
        end as decision_status
    from proposals
    anti join launched on proposals.campaign_id = launched.campaign_id
),

ordered as (
    select
        decision_id,
        campaign_id,
        user_id,
        decision_status,
        decision,
        arm,
        offer_id,
        channel,
        segment_name,
        reasons,
        reasons_zh,
        choice_basis,
        value_basis,
        estimator_version,
        score,
        propensity,
        response_probability,
        contacted_probability,
        baseline_probability,
        increment_low,
        increment_high,
        expected_cost,
        expected_margin,
        margin_low,
        margin_high,
        decision_status = 'launched' as is_frozen,
        send_on,
        decided_on
    from united
)

select * from ordered
