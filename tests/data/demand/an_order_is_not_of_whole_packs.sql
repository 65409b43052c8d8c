-- or below the supplier's minimum
select
    plan.product_id,
    plan.location_id,
    plan.order_units,
    stock.pack_size,
    stock.minimum_order
from {{ ref('reorder_plan') }} as plan
inner join {{ ref('dem_stock') }} as stock
    on plan.product_id = stock.product_id and plan.location_id = stock.location_id
where
    plan.order_units > 0
    and (
        abs(
            plan.order_units / stock.pack_size
            - round(plan.order_units / stock.pack_size)
        ) > 0.000001
        or plan.order_units < stock.minimum_order - 0.000001
    )
