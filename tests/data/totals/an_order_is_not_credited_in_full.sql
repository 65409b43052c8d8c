-- each method shares out what an order brought, to the cent, and all orders of the shop
with

orders as (select * from {{ ref('orders') }}),

credited as (
    select
        {% for method in attribution_methods() -%}
            sum({{ method }}_amount) as {{ method }}_amount,
        {% endfor -%}
        order_id
    from {{ ref('attribution') }}
    group by order_id
)

select orders.order_id
from orders
full outer join credited on orders.order_id = credited.order_id
where
    not coalesce(
        {% for method in attribution_methods() -%}
            credited.{{ method }}_amount = orders.net_amount - orders.returned_amount
            and
        {% endfor -%}
        orders.order_id is not null,
        false
    )
