-- every line's money is in an order, came back, or is of another kind, to the cent
with

lines as (select * from {{ ref('transactions') }}),
orders as (select * from {{ ref('orders') }}),
returns as (select * from {{ ref('returns') }}),

summed as (
    select
        sum(net_amount) as amount_of_lines,
        sum(case when line_kind = 'sale' then net_amount else 0 end) as amount_of_sales,
        sum(
            case
                when line_kind in ('sale', 'return', 'adjustment', 'other money')
                    then net_amount
                else 0
            end
        ) as amount_of_known_kinds
    from lines
),

ordered as (
    select
        coalesce(sum(net_amount), 0) as amount_of_orders,
        coalesce(sum(returned_amount), 0) as amount_undone_of_orders
    from orders
),

undone as (
    select coalesce(sum(returned_amount), 0) as amount_undone from returns
    where is_matched
)

select
    summed.amount_of_lines,
    summed.amount_of_sales,
    ordered.amount_of_orders,
    undone.amount_undone,
    ordered.amount_undone_of_orders
from summed
cross join ordered
cross join undone
where
    summed.amount_of_lines <> summed.amount_of_known_kinds
    or summed.amount_of_sales <> ordered.amount_of_orders
    or undone.amount_undone <> ordered.amount_undone_of_orders
