-- One row: what the shop was made of, and how many rows each file got.
create or replace table truth.parameters as
select
    cast(getvariable('users') as bigint) as users,
    cast(getvariable('days') as bigint) as days,
    cast(getvariable('seed') as bigint) as seed,
    getvariable('first_date') as first_date,
    getvariable('first_date') + (getvariable('days') - 1) as last_date,
    cast(columns(*) as bigint)
from (select unnest(getvariable('row_counts'))) as row_counts;
