-- One row per product, location and week: what a line that asks for the product gets.
-- Where it is out or not launched yet, that is the next product of the category that is
-- there.
create or replace temp table shelf as
with

stocked as (
    select
        *,
        is_out or not is_launched as is_missing,
        case when not is_out and is_launched then product_number end as sold_number
    from stock
),

substituted as (
    select
        product_number,
        location_number,
        week_number,
        is_missing,
        coalesce(
            sold_number,
            lead(sold_number ignore nulls) over next_products,
            first_value(sold_number ignore nulls) over whole_category,
            product_number
        ) as sold_number
    from stocked
    window
        next_products as (
            partition by category_number, location_number, week_number
            order by product_number
        ),
        whole_category as (
            partition by category_number, location_number, week_number
            order by product_number
            rows between unbounded preceding and unbounded following
        )
)

select
    place_week(
        substituted.product_number,
        substituted.location_number,
        substituted.week_number
    ) as shelf_key,
    assortment.product_id,
    cast(assortment.price_cents as integer) as price_cents,
    cast(money(assortment.price_cents) as decimal(18, 4)) as unit_price,
    cast(coalesce(deals.cut_cents, 0) as integer) as cut_cents,
    cast(coalesce(deals.pull, 0) as float) as pull,
    cast(assortment.return_chance as float) as return_chance,
    cast(assortment.single_share as float) as single_share,
    substituted.is_missing
from substituted
inner join assortment on substituted.sold_number = assortment.product_number
left join deals
    on
        substituted.sold_number = deals.product_number
        and substituted.location_number = deals.location_number
        and substituted.week_number = deals.week_number
order by shelf_key;
