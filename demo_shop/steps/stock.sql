-- One row per product, location and Monday week: what was counted on Monday. Stock
-- follows a saw-tooth: filled up every 4 to 8 weeks, planned too small for one product
-- in three, which then is out for the last weeks before delivery.
create or replace temp table stock as
with

placed as (
    select
        assortment.product_number,
        assortment.product_id,
        assortment.category_number,
        assortment.product_rank,
        assortment.product_kind,
        assortment.launch_day,
        cast(places.location_number as integer) as location_number
    from assortment
    cross join range(len(getvariable('locations'))) as places (location_number)
),

shelves as (
    select
        *,
        4 + number_below(5, uniform('cycle', product_number, location_number))
            as cycle_weeks,
        number_below(8, uniform('phase', product_number, location_number)) as phase,
        0.65 + uniform('planning', product_number, location_number) as planned_share,
        7 * (
            1 + number_below(3, uniform('lead time', product_number, location_number))
        ) as lead_time_days,
        -- units a week that the planner expects: 1 line a user and month
        greatest(
            0.5,
            getvariable('users') * 0.25 / getvariable('category_count')
            * (
                pow((product_rank + 1) / getvariable('products_per_category'), 0.5556)
                - pow(product_rank / getvariable('products_per_category'), 0.5556)
            ) * case when location_number = 0 then 0.7 else 0.08 end
        ) as weekly_units
    from placed
),

weeks as (
    select
        cast(weeks.week_number as integer) as week_number,
        -- a festival in the week empties the shelves sooner
        coalesce(max(buying_days.buying_factor), 1) > 1.7 as is_rush
    from range(getvariable('weeks')) as weeks (week_number)
    left join buying_days
        on
            buying_days.class_number = 1
            and weeks.week_number
            = (buying_days.day + getvariable('first_weekday')) // 7
    group by weeks.week_number
),

counted as (
    select
        shelves.*,
        weeks.week_number,
        (weeks.week_number + shelves.phase) % shelves.cycle_weeks as weeks_in_cycle,
        (weeks.week_number + shelves.phase) % shelves.cycle_weeks
        + case when weeks.is_rush then 1 else 0 end as weeks_used
    from shelves
    cross join weeks
)

select
    *,
    product_kind = 'goods'
    and weeks_in_cycle > 0
    and weeks_used >= cycle_weeks * planned_share as is_out,
    launch_day < 7 * week_number - getvariable('first_weekday') + 1 as is_launched,
    greatest(1, round(
        weekly_units * (cycle_weeks * planned_share - weeks_used)
    )) as units_left,
    case
        when weeks_in_cycle * 7 + lead_time_days >= cycle_weeks * 7
            then round(weekly_units * cycle_weeks * planned_share)
        else 0
    end as units_ordered
from counted
order by product_number, location_number, week_number;
