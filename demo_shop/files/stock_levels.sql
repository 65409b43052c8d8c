-- One row per product, location and count, on Mondays before the shop opens. One count
-- in twenty is wrong, by a unit or a tenth.
create or replace temp view stock_levels as
with

counts as (
    select
        supply.product_number,
        supply.product_id,
        supply.location_number,
        supply.lead_time_days,
        ledger.day,
        ledger.opening_units,
        ledger.on_order_units,
        uniform('miscount', ledger.cell_number, ledger.day) as miscount_draw
    from ledger
    inner join supply on ledger.cell_number = supply.cell_number
    where (ledger.day + getvariable('first_weekday')) % 7 = 0
)

select
    product_id,
    getvariable('locations')[1 + location_number] as location_id,
    cast(
        greatest(
            0,
            opening_units + case
                when miscount_draw < 0.025 then greatest(1, round(opening_units * 0.1))
                when miscount_draw < 0.05 then -greatest(1, round(opening_units * 0.1))
                else 0
            end
        ) as decimal(18, 3)
    ) as on_hand,
    cast(on_order_units as decimal(18, 3)) as on_order,
    lead_time_days,
    seconds_after(getvariable('first_instant'), day * 86400 + 21600) as counted_at
from counts
order by product_number, location_number, day;
