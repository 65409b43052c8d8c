-- One row per product, location and count.
create or replace temp view stock_levels as
select
    product_id,
    getvariable('locations')[1 + location_number] as location_id,
    cast(case when is_out then 0 else units_left end as decimal(18, 3)) as on_hand,
    cast(units_ordered as decimal(18, 3)) as on_order,
    lead_time_days,
    -- before the shop opens on Monday
    seconds_after(
        getvariable('first_instant'),
        (7 * week_number - getvariable('first_weekday')) * 86400 + 21600
    ) as counted_at
from stock
where product_kind = 'goods' and is_launched
order by product_number, location_number, week_number;
