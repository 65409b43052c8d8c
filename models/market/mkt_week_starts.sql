-- one row per shop: the weekday on which its weeks start
with

-- promotions tell it; Monday where there are none
weeks as (
    select
        week_start_date,
        count(*) as row_count
    from {{ ref('int_promotions_checked') }}
    where row_status = 'kept'
    group by week_start_date
),

counted as (
    select
        {{ weekday_number('week_start_date') }} as days_late,
        sum(row_count) as row_count
    from weeks
    group by {{ weekday_number('week_start_date') }}
),

first_of_all as (
    select days_late from counted
    qualify row_number() over (order by row_count desc, days_late asc) = 1
)

select coalesce(max(days_late), 0) as days_late from first_of_all
