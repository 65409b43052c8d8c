-- one row per allocation and share of its budget: what the best choice would earn
{% set columns = [
    'allocation_name', 'user_count', 'budget_share', 'budget_amount',
    'expected_cost', 'expected_margin', 'budget_price', 'decided_on',
] -%}
{% set former = load_relation(this) if execute -%}
with

curve as (select * from {{ ref('ml_budget_curve') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

typed as (
    select
        cast(curve.allocation_name as string) as allocation_name,
        cast(curve.contact_count as bigint) as user_count,
        cast(curve.budget_share as double) as budget_share,
        round(curve.budget_amount, 6) as budget_amount,
        round(curve.expected_cost, 6) as expected_cost,
        round(curve.expected_margin, 6) as expected_margin,
        round(curve.budget_price, 9) as budget_price,
        scoring.as_of_date as decided_on
    from curve
    cross join scoring
),

-- a launched campaign is not allocated again: its curve stays while its week lasts
united as (
    select
        {{ columns | join(',\n        ') }}
    from typed
    {% if former -%}
        union all
        select
            {{ columns | join(',\n            ') }}
        from {{ this }}
        where
            allocation_name = 'week'
            and 'week' not in (select typed.allocation_name from typed)
            and decided_on > (
                select {{ days_after('as_of_date', -1 * var('decision_days')) }}
                from scoring
            )
    {% endif %}
),

-- a choice of nobody tells on nobody, one of a few is not shown
named as (
    select
        united.*,
        coalesce(campaigns.campaign_name, united.allocation_name) as campaign_name
    from united
    left join {{ ref('plan_campaigns') }} as campaigns
        on united.allocation_name = campaigns.campaign_id
),

published as (
    select
        allocation_name,
        campaign_name,
        budget_share,
        budget_amount,
        {{ unless_few(
            ['user_count', 'expected_cost', 'expected_margin', 'budget_price']
        ) }},
        decided_on
    from named
)

select * from published
