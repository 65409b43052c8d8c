-- One row per day and price sensitivity: how much more than on an average day is
-- bought. It reaches past the last day, for truth about the future.
create or replace temp table buying_days as
with

days as (
    select
        cast(unnest(range(getvariable('days') + 60)) as integer) as day,
        getvariable('first_date') + day as calendar_date
),

dressed as (
    select
        days.day,
        days.calendar_date,
        [0.92, 0.90, 0.92, 0.95, 1.05, 1.18, 1.12][isodow(days.calendar_date)]
        * [1.04, 0.92, 0.97, 0.98, 1.0, 1.02, 0.95, 0.95, 1.0, 1.02, 1.1, 1.08][
            month(days.calendar_date)
        ] as season,
        coalesce(festivals.boost, 1) as boost
    from days
    left join festivals on days.calendar_date = festivals.festival_date
),

classes as (
    select
        unnest(getvariable('sensitivities')) as sensitivity,
        cast(unnest(range(len(getvariable('sensitivities')))) as integer)
            as class_number
)

-- whoever watches prices waits for the festivals
select
    dressed.day * len(getvariable('sensitivities')) + classes.class_number
        as buying_day_number,
    dressed.day,
    classes.class_number,
    dressed.boost > 1 as is_festival,
    dressed.season * pow(dressed.boost, classes.sensitivity) as buying_factor
from dressed
cross join classes
order by buying_day_number;
