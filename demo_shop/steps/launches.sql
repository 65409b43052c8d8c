-- One row per product and week: itself, or until its launch the next product of the
-- category that is there, which whoever would like it asks for.
create or replace temp table launches as
with

weekly as (
    select
        assortment.product_number,
        assortment.category_number,
        cast(weeks.week_number as integer) as week_number,
        assortment.launch_day <= 7 * weeks.week_number - getvariable('first_weekday')
            as is_launched
    from assortment
    cross join range(getvariable('weeks')) as weeks (week_number)
),

replaced as (
    select
        *,
        coalesce(
            lead(case when is_launched then product_number end ignore nulls) over (
                partition by category_number, week_number
                order by product_number
            ),
            min(case when is_launched then product_number end) over (
                partition by category_number, week_number
            )
        ) as launched_number
    from weekly
)

select
    product_number * getvariable('weeks') + week_number as launch_key,
    case when is_launched then product_number else launched_number end
        as launched_number
from replaced
order by launch_key;
