-- One row per product of goods and place: how it gets there. Packs, minimum and days on
-- the shelf are those of seeds/supply_rules.csv. `weekly_units` is what the planner
-- expects before anything sold.
create or replace temp table supply as
with

placed as (
    select
        assortment.*,
        cast(places.location_number as integer) as location_number,
        greatest(
            0, ceil((assortment.launch_day + getvariable('first_weekday')) / 7)
        ) as start_week
    from assortment
    cross join range(len(getvariable('locations'))) as places (location_number)
    where assortment.product_kind = 'goods'
)

select
    cast(
        product_number * len(getvariable('locations')) + location_number as integer
    ) as cell_number,
    product_number,
    product_id,
    location_number,
    -- sold from the Monday after its launch on
    cast(
        greatest(0, 7 * start_week - getvariable('first_weekday')) as integer
    ) as start_day,
    cast(
        7 * (1 + number_below(3, uniform('lead time', product_number, location_number)))
        as integer
    ) as lead_time_days,
    case category when 'snacks' then 12 else 6 end as pack_size,
    case category when 'snacks' then 24 else 0 end as minimum_order,
    -- 0: it keeps
    case category when 'snacks' then 120 else 0 end as shelf_life_days,
    0.5 + 0.5 * uniform('opening stock', product_number, location_number)
        as opening_share,
    getvariable('users') * 0.5 / getvariable('category_count')
    * (
        pow((product_rank + 1) / getvariable('products_per_category'), 1 / 1.8)
        - pow(product_rank / getvariable('products_per_category'), 1 / 1.8)
    ) * case when location_number = 0 then 0.8 else 0.05 end as weekly_units
from placed
order by cell_number;
