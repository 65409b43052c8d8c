-- one row per user, guests as one, and day: money of orders, less what came back since
with

orders as (select * from {{ ref('orders') }}),
returns as (select * from {{ ref('returns') }}),

sale_lines as (
    select * from {{ ref('transactions') }}
    where line_kind = 'sale'
),

products as (
    select * from {{ ref('products') }}
    where unit_cost is not null
),

-- a return of no known order counts on its own day
movements as (
    select
        user_id,
        order_id,
        case when is_basket_line then product_id end as product_id,
        quantity,
        net_amount,
        order_date as movement_date
    from sale_lines
    union all
    select
        user_id,
        order_id,
        product_id,
        -quantity as quantity,
        -returned_amount as net_amount,
        returned_on as movement_date
    from returns
),

summed as (
    select
        movements.user_id,
        sum(movements.net_amount) as net_amount,
        sum(case when products.unit_cost is null then movements.net_amount else 0 end)
            as uncosted_amount,
        sum(movements.quantity * products.unit_cost) as cost_amount,
        coalesce(bool_or(not orders.is_cancelled), false) as is_buying,
        coalesce(orders.order_date, movements.movement_date) as activity_date
    from movements
    left join orders on movements.order_id = orders.order_id
    left join products on movements.product_id = products.product_id
    group by
        movements.user_id, coalesce(orders.order_date, movements.movement_date)
),

margined as (
    select
        user_id,
        cast(net_amount as decimal(18, 2)) as net_amount,
        {{ margin_amount('net_amount', 'uncosted_amount', 'cost_amount') }}
            as margin_amount,
        is_buying,
        activity_date
    from summed
)

select * from margined
