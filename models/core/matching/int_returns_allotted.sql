-- one row per unpaired return line and the sale line it partly reverses
{% set order_of_time = 'ordered_at, line_kind desc, transaction_id' -%}
with

lines as (
    select * from {{ ref('int_transactions_cleaned') }}
    where user_id is not null and quantity <> 0
),

paired as (select * from {{ ref('int_returns_paired') }}),

return_lines as (
    select * from lines
    where line_kind = 'return'
),

-- lines not yet reversed by a status or a pair
open_lines as (
    select
        lines.*,
        -- where both sides have a currency, money is paid back in what was paid
        case
            when
                bool_or(lines.line_kind = 'sale') over same_money
                and bool_or(lines.line_kind = 'return') over same_money
                then lines.original_currency
        end as paid_in
    from lines
    semi join return_lines
        on
            lines.user_id = return_lines.user_id
            and lines.product_id = return_lines.product_id
    anti join paired as paired_sales
        on lines.transaction_id = paired_sales.transaction_id
    anti join paired as paired_returns
        on lines.transaction_id = paired_returns.return_id
    where
        lines.line_kind = 'return'
        or (
            lines.line_kind = 'sale'
            and coalesce(lines.order_status, '')
            not in ('cancelled', 'returned', 'unpaid')
        )
    window same_money as (
        partition by lines.user_id, lines.product_id, lines.original_currency
    )
),

balanced as (
    select
        *,
        sum(quantity) over (
            partition by user_id, product_id, paid_in
            order by {{ order_of_time }}
            rows between unbounded preceding and current row
        ) as balance
    from open_lines
),

-- units returned beyond those bought so far were bought before the data begins
unknown_counted as (
    select
        *,
        -least(0, min(balance) over (
            partition by user_id, product_id, paid_in
            order by {{ order_of_time }}
            rows between unbounded preceding and current row
        )) as unknown_until
    from balanced
),

known_counted as (
    select
        *,
        case
            when line_kind = 'sale' then quantity
            else -quantity - unknown_until + lag(unknown_until, 1, 0) over (
                partition by user_id, product_id, paid_in order by {{ order_of_time }}
            )
        end as known_quantity
    from unknown_counted
),

ranged as (
    select
        *,
        sum(known_quantity) over (
            partition by user_id, product_id, paid_in, line_kind
            order by {{ order_of_time }}
            rows between unbounded preceding and current row
        ) as quantity_until
    from known_counted
    where known_quantity > 0
),

-- first bought, first returned: the n-th unit returned is the n-th unit sold
allotted as (
    select
        returned.transaction_id as return_id,
        sold.transaction_id,
        least(sold.quantity_until, returned.quantity_until)
        - greatest(
            sold.quantity_until - sold.known_quantity,
            returned.quantity_until - returned.known_quantity
        ) as quantity
    from ranged as returned
    inner join ranged as sold
        on
            returned.user_id = sold.user_id
            and returned.product_id = sold.product_id
            and returned.paid_in is not distinct from sold.paid_in
            and returned.quantity_until > sold.quantity_until - sold.known_quantity
            and returned.quantity_until - returned.known_quantity < sold.quantity_until
    where returned.line_kind = 'return' and sold.line_kind = 'sale'
)

select * from allotted
