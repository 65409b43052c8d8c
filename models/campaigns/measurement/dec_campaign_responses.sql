-- one row per campaign that contacts anybody: responses to it, seen or expected
with

outcomes as (select * from {{ ref('dec_arm_outcomes') }}),
campaigns as (select * from {{ ref('campaign_calendar') }}),
planned as (select * from {{ ref('plan_campaigns') }}),
decisions as (select * from {{ ref('campaign_decisions') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

past as (
    select
        campaigns.campaign_id,
        coalesce(campaigns.campaign_class, 'unknown') as campaign_class,
        cast(count(*) as bigint) as contact_count,
        cast(sum(cast(outcomes.is_redeemed as int)) as bigint) as response_count,
        cast(null as double) as expected_count,
        -- of a campaign that is not over, as much as could be seen
        least(
            {{ days_between('campaigns.starts_on', 'scoring.as_of_date') }}
            / cast(campaigns.duration_days as double), 1
        ) as observed_share,
        campaigns.starts_on,
        campaigns.ends_on
    from outcomes
    inner join campaigns on outcomes.campaign_id = campaigns.campaign_id
    cross join scoring
    where outcomes.arm = 'treatment' and campaigns.starts_on < scoring.as_of_date
    group by
        campaigns.campaign_id,
        campaigns.campaign_class,
        campaigns.duration_days,
        campaigns.starts_on,
        campaigns.ends_on,
        scoring.as_of_date
),

decided as (
    select
        decisions.campaign_id,
        cast(count(*) as bigint) as contact_count,
        round(
            sum(
                coalesce(decisions.response_probability, decisions.baseline_probability)
            ), 6
        ) as expected_count
    from decisions
    where decisions.decision = 'contact'
    group by decisions.campaign_id
),

united as (
    select * from past
    union all
    select
        planned.campaign_id,
        coalesce(planned.campaign_class, 'unknown') as campaign_class,
        decided.contact_count,
        cast(null as bigint) as response_count,
        decided.expected_count,
        cast(1 as double) as observed_share,
        planned.starts_on,
        planned.ends_on
    from decided
    inner join planned on decided.campaign_id = planned.campaign_id
    -- until the shop's tables have it
    anti join past on decided.campaign_id = past.campaign_id
)

select * from united
