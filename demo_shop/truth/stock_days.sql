-- One row per product, location and day on sale: what was there, what was wanted and
-- what became of it. opening + delivered + returned - sold - written off = closing, and
-- wanted = sold - substitute + substituted + lost.
--
-- sold_units         on lines of transactions, those in place of others included
-- substitute_units   of these, in place of another product that was out
-- substituted_units  wanted, another product taken
-- returned_units     back on the shelf, on the day after they came or were cancelled
create or replace table truth.stock_days as
select
    supply.product_id,
    getvariable('locations')[1 + supply.location_number] as location_id,
    ledger.opening_units,
    ledger.delivered_units,
    ledger.returned_units,
    ledger.wanted_units,
    ledger.sold_units,
    ledger.substitute_units,
    ledger.substituted_units,
    ledger.lost_units,
    ledger.written_off_units,
    ledger.closing_units,
    ledger.on_order_units,
    getvariable('first_date') + cast(ledger.day as integer) as stock_date
from ledger
inner join supply on ledger.cell_number = supply.cell_number;
