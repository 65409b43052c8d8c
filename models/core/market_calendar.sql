-- one row per day
with

days as (select * from {{ ref('intake_market_calendar') }}),

dated as (
    select
        holiday_name,
        shopping_festival,
        {{ weekday_number('calendar_date') }} as weekday_number,
        is_holiday,
        calendar_date,
        cast({{ dbt.date_trunc('week', 'calendar_date') }} as date) as week_start_date
    from days
)

select * from dated
