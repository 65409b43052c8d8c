-- one row per campaign to measure: of the shop's tables, and of ours that they lack
with

calendar as (select * from {{ ref('campaign_calendar') }}),
launched as (select * from {{ ref('dec_launched_decisions') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

planned as (
    select
        campaign_id,
        channel,
        cast(control_share as double) as control_share,
        try_cast(starts_on as date) as starts_on,
        try_cast(ends_on as date) as ends_on
    from {{ ref('campaign_plan') }}
    where shop = '{{ active_source() }}'
),

delivered as (
    select
        calendar.campaign_id,
        calendar.channel,
        planned.control_share,
        -- launched campaigns are randomised, unless the shop states otherwise
        coalesce(calendar.is_randomised, planned.campaign_id is not null)
            as is_randomised,
        calendar.starts_on,
        calendar.ends_on
    from calendar
    left join planned on calendar.campaign_id = planned.campaign_id
),

-- the ledger knows who was contacted, the plan when
undelivered as (
    select
        planned.campaign_id,
        planned.channel,
        planned.control_share,
        true as is_randomised,
        planned.starts_on,
        planned.ends_on
    from planned
    semi join launched on planned.campaign_id = launched.campaign_id
    anti join calendar on planned.campaign_id = calendar.campaign_id
    inner join scoring on planned.starts_on < scoring.as_of_date
),

united as (
    select * from delivered
    union all
    select * from undelivered
),

dated as (
    select
        united.campaign_id,
        united.channel,
        {{ planned_treated_share('united.control_share') }} as treated_share,
        united.is_randomised,
        united.ends_on < scoring.as_of_date as is_over,
        {{ days_after(
            'united.starts_on',
            '-1 - ' ~ days_between('united.starts_on', 'united.ends_on')
        ) }} as pre_starts_on,
        united.starts_on,
        united.ends_on
    from united
    cross join scoring
)

select * from dated
