-- one row per planned campaign and policy: what it would earn, cautiously and hopefully
{% set policies = policy_columns() -%}
{% set columns = [
    'campaign_id', 'campaign_name', 'policy', 'user_count', 'cautious_margin',
    'expected_margin', 'hopeful_margin', 'is_best_cautious', 'is_best_hopeful',
    'decided_on',
] -%}
{% set former = load_relation(this) if execute -%}
with

choice as (select * from {{ ref('ml_offer_choice') }}),
offer_values as (select * from {{ ref('dec_offer_values') }}),
campaigns as (select * from {{ ref('plan_campaigns') }}),
kept as (select * from {{ ref('campaign_policies') }}),

taken as (
    {% for policy, column in policies.items() -%}
        select
            offer_id,
            user_id,
            '{{ policy }}' as policy
        from choice
        where {{ column }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

summed as (
    select
        campaigns.campaign_id,
        campaigns.campaign_name,
        taken.policy,
        cast(count(distinct taken.user_id) as bigint) as user_count,
        round(sum(offer_values.margin_low), 6) as cautious_margin,
        round(sum(offer_values.expected_margin), 6) as expected_margin,
        round(sum(offer_values.margin_high), 6) as hopeful_margin,
        campaigns.as_of_date as decided_on
    from taken
    inner join offer_values
        on
            taken.offer_id = offer_values.offer_id
            and taken.user_id = offer_values.user_id
    inner join campaigns on offer_values.campaign_id = campaigns.campaign_id
    group by
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.as_of_date,
        taken.policy
),

published as (
    select
        campaign_id,
        campaign_name,
        policy,
        {{ unless_few([
            'user_count', 'cautious_margin', 'expected_margin', 'hopeful_margin',
        ]) }},
        {% for reading in ['cautious', 'hopeful'] -%}
            not {{ is_few('user_count') }} and rank() over (
                partition by campaign_id, {{ is_few('user_count') }}
                order by {{ reading }}_margin desc
            ) = 1 as is_best_{{ reading }},
        {% endfor -%}
        decided_on
    from summed
),

-- a launched campaign is not allocated again: its comparison stays until it is undone
united as (
    select {{ columns | join(', ') }}
    from published
    {% if former -%}
        union all
        select {{ columns | join(', ') }}
        from {{ this }}
        where
            campaign_id in (select kept.campaign_id from kept)
            and campaign_id not in (select published.campaign_id from published)
    {% endif %}
)

select * from united
