-- one row per day
with

days as (
    {{ dbt.date_spine(
        'day',
        "cast('" ~ var('calendar_first_year') ~ "-01-01' as date)",
        "cast('" ~ (var('calendar_last_year') + 1) ~ "-01-01' as date)"
    ) }}
),

dated as (
    select cast(date_day as date) as calendar_date from days
),

numbered as (
    select
        calendar_date,
        cast(extract(month from calendar_date) as int) as month_number,
        cast(extract(day from calendar_date) as int) as day_of_month,
        {{ weekday_number('calendar_date') }} as weekday_number
    from dated
)

select * from numbered
