-- one row per shop: what is left of the week's budget
with

decisions as (
    select * from {{ ref('campaign_decisions') }}
    where decision = 'contact'
),

campaigns as (select * from {{ ref('plan_campaigns') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- what a campaign of too few users costs is not shown, nor what would reveal it
hidden as (
    select count(*) as campaign_count from {{ ref('rpt_next_week') }}
    where plan_status <> 'draft' and user_count is null
),

spent as (
    select
        cast(count(distinct decisions.user_id) as bigint) as user_count,
        coalesce(sum(decisions.expected_cost), 0) as amount
    from decisions
    cross join scoring
    where
        decisions.decision_status = 'launched'
        and {{ days_after('scoring.as_of_date', -1 * var('decision_days')) }}
        < decisions.decided_on
),

planned as (
    select
        cast(count(distinct decisions.user_id) as bigint) as user_count,
        coalesce(sum(decisions.expected_cost), 0) as amount
    from decisions
    inner join campaigns on decisions.campaign_id = campaigns.campaign_id
    where decisions.decision_status = 'planned' and campaigns.is_launching
),

compared as (
    select
        spent.user_count as spent_user_count,
        planned.user_count as planned_user_count,
        cast({{ shop('weekly_budget') }} as double) as weekly_budget_amount,
        round(spent.amount, 6) as spent_amount,
        round(planned.amount, 6) as planned_amount,
        greatest(
            round({{ shop('weekly_budget') }} - spent.amount - planned.amount, 6), 0
        ) as left_amount,
        hidden.campaign_count > 0
        or {{ is_few('spent.user_count') }}
        or {{ is_few('planned.user_count') }} as is_hidden,
        scoring.as_of_date
    from spent
    cross join planned
    cross join scoring
    cross join hidden
),

published as (
    select
        weekly_budget_amount,
        {% for column in [
            'spent_user_count', 'planned_user_count', 'spent_amount', 'planned_amount',
            'left_amount',
        ] -%}
            case when not is_hidden then {{ column }} end as {{ column }},
        {% endfor -%}
        as_of_date
    from compared
)

select * from published
