-- One row per product, with what only the generator knows of it.
create or replace temp table assortment as
with

numbered as (
    select
        categories.*,
        ranks.product_rank,
        cast(
            categories.category_number * getvariable('products_per_category')
            + ranks.product_rank as integer
        ) as product_number
    from categories
    cross join range(getvariable('products_per_category')) as ranks (product_rank)
),

priced as (
    select
        *,
        uniform('quality', product_number) as quality,
        -- prices end in 9, as prices do
        10 * greatest(2, cast(round(
            typical_price * 10 * exp(0.45 * normal('price', product_number))
        ) as bigint)) - 1 as price_cents,
        -- one in eight of the slower products is new; no new one sells before
        case
            when product_rank >= 4 and uniform('new', product_number) < 0.15
                then number_below(
                    getvariable('horizon_days'), uniform('launch', product_number)
                )
            else -30 - number_below(1800, uniform('early launch', product_number))
        end as launch_day
    from numbered
),

goods as (
    select
        product_number,
        kinds[1 + product_rank % len(kinds)] as kind,
        sizes[1 + product_rank // len(kinds) % len(sizes)] as size,
        category_number,
        product_rank,
        category,
        department,
        'goods' as product_kind,
        elasticity,
        -- what is poor comes back
        return_chance * (1.6 - 1.2 * quality) as return_chance,
        single_share,
        quality,
        price_cents,
        cast(greatest(1, floor(
            price_cents * (0.42 + 0.33 * uniform('cost', product_number))
        )) as bigint) as cost_cents,
        launch_day
    from priced
),

services as (
    select
        cast(
            getvariable('category_count') * getvariable('products_per_category')
            + services.service_number as integer
        ) as product_number,
        services.kind,
        'per order' as size,
        getvariable('category_count') as category_number,
        services.service_number as product_rank,
        'delivery' as category,
        'services' as department,
        'service' as product_kind,
        0.0 as elasticity,
        0.0 as return_chance,
        1.0 as single_share,
        0.5 as quality,
        services.price_cents,
        services.cost_cents,
        -3000 as launch_day
    from (
        values
        (0, '配送费 Delivery', 800, 600),
        (1, '礼品包装 Gift wrap', 500, 200)
    ) as services (service_number, kind, price_cents, cost_cents)
)

select
    *,
    'P' || lpad(cast(product_number + 1 as varchar), 4, '0') as product_id
from (
    select * from goods
    union all by name
    select * from services
) as products
order by product_number;
