-- one row per line of money back without goods whose order is known
with

lines as (select * from {{ ref('int_transactions_cleaned') }}),

refunds as (
    select * from lines
    where line_kind = 'adjustment' and quantity = 0 and original_net_amount < 0
),

sales as (
    select * from lines
    where
        line_kind = 'sale'
        and coalesce(order_status, '') not in ('cancelled', 'returned', 'unpaid')
),

-- for the line of the same product, else for the order's dearest
matched as (
    select
        refunds.transaction_id as return_id,
        sales.transaction_id,
        sales.user_id,
        sales.product_id,
        'refunded' as return_kind,
        1 as part_number,
        cast(0 as decimal(18, 3)) as quantity,
        -refunds.original_net_amount as returned_amount,
        refunds.original_currency,
        refunds.exchange_rate,
        refunds.order_date as returned_on,
        refunds.ordered_at as returned_at
    from refunds
    inner join sales
        on
            refunds.order_id = sales.order_id
            and refunds.order_date >= sales.order_date
    qualify
        row_number() over (
            partition by refunds.transaction_id
            order by
                case when refunds.product_id = sales.product_id then 0 else 1 end,
                sales.net_amount desc,
                sales.transaction_id asc
        ) = 1
)

select * from matched
