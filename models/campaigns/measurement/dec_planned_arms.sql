-- one row per planned campaign and user drawn into an arm: what is known before launch
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
frozen as (select * from {{ ref('dec_launched_decisions') }}),
money_days as (select * from {{ ref('ftr_user__money_days') }}),

launched as (
    select distinct campaign_id from frozen
),

united as (
    select
        campaign_id,
        user_id,
        decision,
        segment_name,
        coalesce(response_probability, baseline_probability) as response_probability,
        expected_cost,
        expected_margin
    from frozen
    union all
    select
        decisions.campaign_id,
        decisions.user_id,
        decisions.decision,
        decisions.segment_name,
        -- without history, the rate without contact
        coalesce(decisions.response_probability, decisions.baseline_probability)
            as response_probability,
        decisions.expected_cost,
        decisions.expected_margin
    from {{ ref('dec_decisions') }} as decisions
    anti join launched on decisions.campaign_id = launched.campaign_id
),

drawn as (
    select
        united.campaign_id,
        united.user_id,
        case united.decision when 'contact' then 'treatment' else 'control' end as arm,
        united.segment_name,
        {{ planned_treated_share('campaigns.control_share') }} as treated_share,
        united.response_probability,
        -- margin is measured before the cost of the campaign
        united.expected_margin + united.expected_cost as expected_margin_lift,
        {{ days_after(
            'campaigns.as_of_date',
            '-1 - ' ~ days_between('campaigns.starts_on', 'campaigns.ends_on')
        ) }} as window_starts_on,
        campaigns.as_of_date
    from united
    inner join campaigns on united.campaign_id = campaigns.campaign_id
    where united.decision in ('contact', 'control')
),

earned as (
    select
        drawn.campaign_id,
        drawn.user_id,
        sum(money_days.margin_amount) as margin_amount
    from drawn
    inner join money_days
        on
            drawn.user_id = money_days.user_id
            and drawn.window_starts_on <= money_days.activity_date
            and drawn.as_of_date > money_days.activity_date
    group by drawn.campaign_id, drawn.user_id
),

joined as (
    select
        drawn.campaign_id,
        drawn.user_id,
        drawn.arm,
        drawn.segment_name,
        drawn.treated_share,
        drawn.response_probability,
        drawn.expected_margin_lift,
        cast(coalesce(earned.margin_amount, 0) as decimal(18, 4)) as recent_margin
    from drawn
    left join earned
        on drawn.campaign_id = earned.campaign_id and drawn.user_id = earned.user_id
)

select * from joined
