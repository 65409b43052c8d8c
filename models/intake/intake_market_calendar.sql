-- one row per day
with

days as (select * from {{ ref('stg_calendar__days') }}),
holidays as (select * from {{ ref('stg_calendar__holidays') }}),
festivals as (select * from {{ ref('stg_calendar__festivals') }}),

-- where festivals overlap, the first in the alphabet names the day
festivals_named as (
    select
        festival_date,
        min(festival_name) as shopping_festival
    from festivals
    group by festival_date
),

joined as (
    select
        holidays.holiday_name,
        festivals_named.shopping_festival,
        holidays.holiday_date is not null as is_holiday,
        days.calendar_date
    from days
    left join holidays on days.calendar_date = cast(holidays.holiday_date as date)
    left join festivals_named on days.calendar_date = festivals_named.festival_date
)

select * from joined
