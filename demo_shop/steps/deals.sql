-- One row per category, location and week of a deal: the product whose price is cut,
-- and by how much. `pull` is such that the product's units, in lines and in units a
-- line, grow by (1 - depth) ^ -(elasticity x sensitivity) in all; `plain_share` is the
-- part of the category's lines that asks for the product anyway.
create or replace temp table deals as
with

planned as (
    select
        categories.category_number,
        weeks.week_number,
        -- a deal is the chain's: the same product everywhere, most stores join
        cast(
            categories.category_number * getvariable('products_per_category')
            -- the popular ones, but the first
            + greatest(1, product_rank(
                uniform('deal product', categories.category_number, weeks.week_number)
            )) as integer
        ) as product_number,
        one_of(
            [0.1, 0.15, 0.2, 0.25, 0.3, 0.4],
            uniform('deal depth', categories.category_number, weeks.week_number)
        ) as depth,
        uniform('deal', categories.category_number, weeks.week_number) < 0.85
            as is_planned
    from categories
    cross join range(getvariable('weeks')) as weeks (week_number)
),

offered as (
    select
        planned.category_number,
        stock.location_number,
        stock.week_number,
        planned.product_number,
        cast(round(assortment.price_cents * planned.depth) as bigint) as cut_cents,
        assortment.elasticity,
        assortment.product_rank,
        assortment.price_cents
    from planned
    inner join stock
        on
            planned.product_number = stock.product_number
            and planned.week_number = stock.week_number
    inner join assortment on planned.product_number = assortment.product_number
    where
        planned.is_planned
        and stock.is_launched
        and not stock.is_out
        and uniform(
            'store joins',
            planned.category_number,
            planned.week_number,
            stock.location_number
        ) < 0.85
),

weighed as (
    select
        *,
        -- elasticity at the exact cut, after rounding to cents
        -ln(1 - cut_cents / price_cents) * elasticity as pull,
        pow((product_rank + 1) / getvariable('products_per_category'), 1 / 1.8)
        - pow(product_rank / getvariable('products_per_category'), 1 / 1.8)
            as plain_share
    from offered
)

select
    place_week(category_number, location_number, week_number) as deal_key,
    category_number,
    location_number,
    week_number,
    product_number,
    cut_cents,
    pull,
    plain_share
from weighed
order by deal_key;
