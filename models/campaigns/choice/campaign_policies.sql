-- one row per planned campaign and policy: what it would earn by the same values
{% set policies = policy_columns() -%}
{% set columns = [
    'campaign_id', 'policy', 'plan_status', 'allocation_name', 'contact_count',
    'budget_amount', 'expected_responses', 'expected_cost', 'expected_margin',
    'budget_price', 'campaign_budget_price', 'allocation_gap', 'is_automatic',
    'decided_on',
] -%}
{% set former = load_relation(this) if execute -%}
with

choice as (select * from {{ ref('ml_offer_choice') }}),
options as (select * from {{ ref('dec_options') }}),
campaigns as (select * from {{ ref('plan_campaigns') }}),

chosen as (
    {% for policy, column in policies.items() -%}
        select
            campaign_id,
            offer_id,
            user_id,
            allocation_name,
            '{{ policy }}' as policy,
            budget_price,
            campaign_budget_price,
            allocation_gap,
            {{ column }} as is_taken
        from choice
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

summed as (
    select
        chosen.campaign_id,
        chosen.policy,
        min(chosen.allocation_name) as allocation_name,
        cast(sum(case when chosen.is_taken then 1 else 0 end) as bigint)
            as contact_count,
        {% for column in [
            'response_probability', 'expected_cost', 'expected_margin'
        ] -%}
            round(
                sum(case when chosen.is_taken then options.{{ column }} else 0 end), 6
            ) as {{ column }},
        {% endfor -%}
        max(chosen.budget_price) as budget_price,
        max(chosen.campaign_budget_price) as campaign_budget_price,
        max(chosen.allocation_gap) as allocation_gap
    from chosen
    inner join options
        on
            chosen.offer_id = options.offer_id
            and chosen.user_id = options.user_id
    group by chosen.campaign_id, chosen.policy
),

-- a launched campaign is not allocated again: its comparison stays until it is undone
launched as (
    select campaign_id from {{ ref('dec_launched_decisions') }}
    group by campaign_id
    having
        max(case when decision in ('contact', 'control') then 1 else 0 end)
        >= max(case when decision = 'withdrawn' then 1 else 0 end)
),

described as (
    select
        summed.campaign_id,
        summed.policy,
        campaigns.plan_status,
        summed.allocation_name,
        summed.contact_count,
        campaigns.budget_amount,
        summed.response_probability as expected_responses,
        summed.expected_cost,
        summed.expected_margin,
        case when summed.policy = 'optimal' then round(summed.budget_price, 9) end
            as budget_price,
        case
            when summed.policy = 'optimal' then round(summed.campaign_budget_price, 9)
        end as campaign_budget_price,
        case when summed.policy = 'optimal' then round(summed.allocation_gap, 9) end
            as allocation_gap,
        campaigns.is_automatic,
        campaigns.as_of_date as decided_on
    from summed
    inner join campaigns on summed.campaign_id = campaigns.campaign_id
),

united as (
    select
        {{ columns | join(',\n        ') }}
    from described
    {% if former -%}
        union all
        select
            {{ columns | join(',\n            ') }}
        from {{ this }}
        where campaign_id in (select launched.campaign_id from launched)
    {% endif %}
)

select * from united
