-- one row per user and day with a sale or a return: money earned, less money sent back
with

sale_lines as (
    select * from {{ ref('transactions') }}
    where line_kind = 'sale' and user_id is not null
),

returns as (
    select * from {{ ref('returns') }}
    where user_id is not null
),

products as (
    select * from {{ ref('products') }}
    where unit_cost is not null
),

-- returned goods are sold again, so their cost is recovered
movements as (
    select
        sale_lines.user_id,
        case when sale_lines.is_basket_line then sale_lines.product_id end
            as product_id,
        sale_lines.quantity,
        sale_lines.net_amount,
        sale_lines.order_date as activity_date
    from sale_lines
    union all
    select
        user_id,
        product_id,
        -quantity as quantity,
        -returned_amount as net_amount,
        returned_on as activity_date
    from returns
),

summed as (
    select
        movements.user_id,
        sum(movements.net_amount) as net_amount,
        sum(case when products.unit_cost is null then movements.net_amount else 0 end)
            as uncosted_amount,
        sum(movements.quantity * products.unit_cost) as cost_amount,
        cast(count(products.unit_cost) as bigint) as costed_line_count,
        movements.activity_date
    from movements
    left join products on movements.product_id = products.product_id
    group by movements.user_id, movements.activity_date
),

margined as (
    select
        user_id,
        cast(net_amount as decimal(18, 2)) as net_amount,
        {{ margin_amount('net_amount', 'uncosted_amount', 'cost_amount') }}
            as margin_amount,
        costed_line_count,
        activity_date
    from summed
)

select * from margined
