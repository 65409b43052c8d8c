-- one row per festival or holiday ahead, with the days on which it was last year
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

days as (
    select
        coalesce(shopping_festival, holiday_name) as festival_name,
        calendar_date
    from {{ ref('market_calendar') }}
    where shopping_festival is not null or holiday_name is not null
),

ahead as (
    select
        days.festival_name,
        scoring.as_of_date,
        min(days.calendar_date) as first_date,
        max(days.calendar_date) as last_date
    from days
    inner join scoring
        on
            {{ days_after('scoring.as_of_date', var('decision_days')) }}
            <= days.calendar_date
            and {{ days_after('scoring.as_of_date', var('draft_ahead_days')) }}
            > days.calendar_date
    group by days.festival_name, scoring.as_of_date
),

-- a lunar festival moves by a month at most
dated as (
    select
        ahead.festival_name,
        ahead.as_of_date,
        ahead.first_date,
        ahead.last_date,
        min(days.calendar_date) as former_first_date,
        max(days.calendar_date) as former_last_date
    from ahead
    left join days
        on
            ahead.festival_name = days.festival_name
            and {{ days_after('ahead.first_date', -400) }} <= days.calendar_date
            and {{ days_after('ahead.last_date', -330) }} >= days.calendar_date
    group by
        ahead.festival_name, ahead.as_of_date, ahead.first_date, ahead.last_date
)

select * from dated
