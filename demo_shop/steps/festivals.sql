-- One row per festival day on which people buy more (`boost` above 1) or less, to a
-- user of price sensitivity 1. A table of dates, as the lunar calendar has no short
-- formula.
create or replace temp table festivals as
with

yearly as (
    select
        holidays.boost,
        make_date(
            cast(years.year_number as integer),
            holidays.month_number,
            holidays.first_day
        ) as first_date,
        first_date + holidays.day_count - 1 as last_date
    from range(2000, 2041) as years (year_number)
    cross join (
        values
        (1.6, 6, 16, 3), -- 618 Festival
        (1.2, 10, 1, 7), -- National Day
        (1.8, 11, 9, 3), -- Singles' Day
        (1.4, 12, 11, 2) -- Double Twelve
    ) as holidays (boost, month_number, first_day, day_count)
),

new_years as (
    select
        unnest([
            date '2015-02-19', '2016-02-08', '2017-01-28', '2018-02-16', '2019-02-05',
            '2020-01-25', '2021-02-12', '2022-02-01', '2023-01-22', '2024-02-10',
            '2025-01-29', '2026-02-17', '2027-02-06', '2028-01-26', '2029-02-13',
            '2030-02-03'
        ]) as new_year
),

lunar as (
    select
        1.4 as boost,
        new_year - 12 as first_date,
        new_year - 3 as last_date
    from new_years
    union all
    select
        0.6 as boost,
        new_year - 1 as first_date,
        new_year + 6 as last_date
    from new_years
)

select
    boost,
    cast(
        unnest(range(first_date, last_date + interval 1 day, interval 1 day)) as date
    ) as festival_date
from (
    select * from yearly
    union all
    select * from lunar
) as festivals;
