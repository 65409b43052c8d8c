-- one row per planned campaign, step and reason that enough users share
{% set words = decision_words() -%}
{# what keeps a user out, by step #}
{% set reasons = {'excluded': eligibility_rules().values() | list, 'not chosen': []} -%}
{% for name in [
    'elsewhere', 'no_value', 'too_dear', 'not_chosen_in_any_case', 'outbid'
] -%}
    {% do reasons['not chosen'].append(words[name]) -%}
{% endfor -%}
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
funnel as (select * from {{ ref('rpt_campaign_funnel') }}),

-- users with the same reasons are one row
counted as (
    select
        campaign_id,
        decision,
        reasons,
        cast(count(*) as bigint) as user_count
    from {{ ref('campaign_decisions') }}
    where decision in ('excluded', 'not chosen')
    group by campaign_id, decision, reasons
),

known as (
    {% for decision, sentences in reasons.items() -%}
        {% set is_last = loop.last -%}
        {% for sentence, sentence_zh in sentences -%}
            select
                '{{ decision }}' as decision,
                '{{ sentence.replace("#", "%") }}' as pattern,
                '{{ sentence.replace("campaign #", "another campaign") }}' as reason,
                '{{ sentence_zh.replace("#", "其他") }}' as reason_zh
            {% if not (loop.last and is_last) %}union all{% endif %}
        {% endfor -%}
    {% endfor -%}
),

matched as (
    select
        counted.campaign_id,
        counted.decision,
        counted.reasons,
        counted.user_count,
        known.reason,
        known.reason_zh
    from counted
    inner join known
        on
            counted.decision = known.decision
            and counted.reasons like '%' || known.pattern || '%'
),

summed as (
    select
        campaign_id,
        decision,
        reason,
        reason_zh,
        cast(sum(user_count) as bigint) as user_count
    from matched
    group by campaign_id, decision, reason, reason_zh
),

-- a user may have several reasons
few as (
    select distinct
        matched.campaign_id,
        matched.decision,
        matched.reasons,
        matched.user_count
    from matched
    inner join summed
        on
            matched.campaign_id = summed.campaign_id
            and matched.decision = summed.decision
            and matched.reason = summed.reason
    where {{ is_few('summed.user_count') }}
),

hidden as (
    select
        campaign_id,
        decision,
        sum(user_count) as user_count
    from few
    group by campaign_id, decision
),

shown as (
    select summed.*
    from summed
    left join hidden
        on
            summed.campaign_id = hidden.campaign_id
            and summed.decision = hidden.decision
    qualify {{ is_shown(
        'summed.user_count', 'summed.campaign_id, summed.decision', 'summed.reason',
        hidden_users='coalesce(hidden.user_count, 0)'
    ) }}
),

-- of a step whose users are not shown the reasons are not either
ranked as (
    select
        shown.campaign_id,
        campaigns.campaign_name,
        funnel.step,
        shown.reason,
        shown.reason_zh,
        shown.user_count,
        funnel.user_count as step_user_count,
        cast(
            row_number() over (
                partition by shown.campaign_id, shown.decision
                order by shown.user_count desc, shown.reason asc
            ) as bigint
        ) as reason_rank
    from shown
    inner join campaigns on shown.campaign_id = campaigns.campaign_id
    inner join funnel
        on
            shown.campaign_id = funnel.campaign_id
            and case shown.decision
                when 'excluded' then 'not eligible' else shown.decision
            end = funnel.step
    where funnel.user_count is not null
)

select * from ranked
