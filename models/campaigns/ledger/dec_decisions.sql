-- one row per planned campaign and user: what this build decides, launched or not
{% set rules, words = eligibility_rules(), decision_words() -%}
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
sending as (select * from {{ ref('plan_send_dates') }}),
eligibility as (select * from {{ ref('dec_eligibility') }}),
places as (select * from {{ ref('dec_placed_contacts') }}),
offer_values as (select * from {{ ref('dec_offer_values') }}),
score_reasons as (select * from {{ ref('dec_reasons') }}),

rfm as (select * from {{ ref('ftr_user__rfm') }}),

joined as (
    select
        eligibility.*,
        campaigns.plan_status,
        campaigns.channel,
        rfm.segment_name,
        places.offer_id,
        offer_values.value_basis,
        offer_values.estimator_version,
        offer_values.score,
        offer_values.response_probability,
        offer_values.contacted_probability,
        offer_values.baseline_probability,
        offer_values.increment_low,
        offer_values.increment_high,
        offer_values.expected_cost,
        offer_values.expected_margin,
        offer_values.margin_low,
        offer_values.margin_high,
        case
            when places.is_chosen then 'contact'
            when places.is_control then 'control'
            when not eligibility.is_eligible then 'excluded'
            else 'not chosen'
        end as decision,
        case
            when places.is_drawn or offer_values.value_basis = 'unknown'
                then 'exploratory'
            when places.user_id is not null then 'value'
        end as choice_basis,
        -- a rule leaves nothing to chance
        coalesce(places.propensity, 1) as propensity,
        places.place_campaign_id,
        score_reasons.reasons as score_reasons,
        score_reasons.reasons_zh as score_reasons_zh,
        sending.send_on,
        campaigns.as_of_date
    from eligibility
    inner join campaigns on eligibility.campaign_id = campaigns.campaign_id
    inner join sending on eligibility.campaign_id = sending.campaign_id
    left join places
        on
            eligibility.campaign_id = places.campaign_id
            and eligibility.user_id = places.user_id
    left join offer_values
        on
            places.offer_id = offer_values.offer_id
            and eligibility.user_id = offer_values.user_id
    left join score_reasons
        on
            places.offer_id = score_reasons.offer_id
            and eligibility.user_id = score_reasons.user_id
    left join rfm
        on
            eligibility.user_id = rfm.user_id
            and campaigns.as_of_date = rfm.as_of_date
),

explained as (
    select
        *
        {% for suffix, between in [('', ' '), ('_zh', '')] %}
            {%- set number = loop.index0 %},
            concat_ws(
                '{{ between }}',
                {% for rule, sentences in rules.items() -%}
                    case when {{ rule }} then '{{ sentences[number] }}' end,
                {% endfor -%}
                {% for rule in ['is_global_control', 'is_campaign_control'] -%}
                    case when {{ rule }} then '{{ words[rule][number] }}' end,
                {% endfor -%}
                case
                    when decision <> 'not chosen' then null
                    when place_campaign_id <> campaign_id
                        then replace(
                            '{{ words["elsewhere"][number] }}', '#', place_campaign_id
                        )
                    when value_basis = 'unknown'
                        then '{{ words["no_value"][number] }}'
                    when coalesce(expected_margin, 0) <= 0
                        then '{{ words["too_dear"][number] }}'
                    when is_global_control or is_campaign_control
                        then '{{ words["not_chosen_in_any_case"][number] }}'
                    else '{{ words["outbid"][number] }}'
                end,
                case
                    when decision <> 'contact' then null
                    when choice_basis = 'exploratory'
                        then '{{ words["exploratory"][number] }}'
                    else coalesce(
                        score_reasons{{ suffix }}, '{{ words["no_reason"][number] }}'
                    )
                end
            ) as reasons{{ suffix }}
        {%- endfor %}
    from joined
),

decided as (
    select
        campaign_id,
        user_id,
        plan_status,
        decision,
        case decision when 'contact' then 'treatment' when 'control' then 'control' end
            as arm,
        offer_id,
        channel,
        segment_name,
        reasons,
        reasons_zh,
        is_global_control,
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
        case when decision = 'contact' then send_on end as send_on,
        as_of_date as decided_on
    from explained
)

select * from decided
