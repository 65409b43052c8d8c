-- One row per order to a supplier: `lead_time_days` is what stock_levels says. Some
-- arrive after the last day.
create or replace table truth.deliveries as
select
    supply.product_id,
    getvariable('locations')[1 + supply.location_number] as location_id,
    deliveries.units,
    supply.lead_time_days,
    getvariable('first_date') + deliveries.ordered_day as ordered_on,
    getvariable('first_date') + deliveries.day as delivered_on
from deliveries
inner join supply on deliveries.cell_number = supply.cell_number
order by deliveries.ordered_day, deliveries.cell_number;
