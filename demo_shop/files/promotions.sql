-- One row per product, location and week of a deal, some weeks ahead of the last day.
create or replace temp view promotions as
select
    'P' || lpad(cast(product_number + 1 as varchar), 4, '0') as product_id,
    getvariable('locations')[1 + location_number] as location_id,
    one_of(
        ['aisle end', 'entrance', 'shelf tag', 'home page'],
        uniform('display', product_number, week_number)
    ) as display,
    one_of(
        ['front page', 'inside', 'none'],
        uniform('mailer', product_number, week_number)
    ) as mailer,
    money(cut_cents) as price_cut,
    getvariable('first_monday') + 7 * week_number as week_start_date
from deals
where class_number = 0
order by product_number, location_number, week_number;
