-- One row per category, location, week, slot and price sensitivity: the deal, if any.
-- Every key is there, as joins on all whole numbers of a range are the fastest.
create or replace temp table deal_keys as
with

keys as (
    select
        cast(categories.category_number as integer) as category_number,
        cast(places.location_number as integer) as location_number,
        cast(weeks.week_number as integer) as week_number,
        cast(slots.slot_number as integer) as slot_number,
        cast(classes.class_number as integer) as class_number
    -- with services, which have no deals
    from range(getvariable('category_count') + 1) as categories (category_number)
    cross join range(len(getvariable('locations'))) as places (location_number)
    cross join range(getvariable('planned_weeks')) as weeks (week_number)
    cross join range(getvariable('deal_slots')) as slots (slot_number)
    cross join range(len(getvariable('sensitivities'))) as classes (class_number)
)

select
    deal_key(
        keys.category_number,
        keys.location_number,
        keys.week_number,
        keys.slot_number,
        keys.class_number
    ) as deal_key,
    deals.product_number,
    deals.cut_cents,
    coalesce(deals.move_chance, 0) as move_chance,
    deals.more_chance
from keys
left join deals
    on
        keys.category_number = deals.category_number
        and keys.location_number = deals.location_number
        and keys.week_number = deals.week_number
        and keys.slot_number = deals.slot_number
        and keys.class_number = deals.class_number
order by deal_key;
