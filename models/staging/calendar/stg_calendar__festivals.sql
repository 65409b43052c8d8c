-- one row per shopping festival and day of it
with

days as (select * from {{ ref('stg_calendar__days') }}),

festivals as (
    select * from {{ ref('shopping_festivals') }}
    where country is null or country = '{{ shop('country') }}'
),

-- a festival is pinned to a day of the month or to the nth weekday of the month
pinned as (
    select
        festivals.festival_name,
        festivals.duration_days,
        {{ days_after('days.calendar_date', 'festivals.offset_days') }} as first_date
    from festivals
    inner join days
        on
            festivals.month = days.month_number
            and (
                festivals.day = days.day_of_month
                or (
                    festivals.weekday = days.weekday_number
                    and festivals.nth_weekday = ceil(days.day_of_month / 7.0)
                )
            )
),

spread as (
    select
        pinned.festival_name,
        days.calendar_date as festival_date
    from pinned
    inner join days
        on
            pinned.first_date <= days.calendar_date
            and days.calendar_date
            < {{ days_after('pinned.first_date', 'pinned.duration_days') }}
)

select * from spread
