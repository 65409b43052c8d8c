-- One row per product.
create or replace temp view products as
select
    product_id,
    kind || ' ' || size as product_name,
    department,
    category,
    lower(kind) as subcategory,
    case
        when product_kind = 'goods'
            then one_of(getvariable('brands'), uniform('brand', product_number))
    end as brand,
    product_kind,
    money(price_cents) as list_price,
    money(cost_cents) as unit_cost,
    seconds_after(
        getvariable('first_instant'), cast(launch_day as bigint) * 86400
    ) as launched_at
from assortment
where launch_day < getvariable('days')
order by product_number;
