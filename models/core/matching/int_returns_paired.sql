-- one row per return line that reverses a whole sale line, equal in all but the sign
{% set sameness = 'user_id, product_id, original_currency, abs(quantity),'
    ~ ' abs(original_net_amount)' -%}
{% set order_of_time = 'ordered_at, line_kind desc, transaction_id' -%}
with

lines as (
    select * from {{ ref('int_transactions_cleaned') }}
    where user_id is not null
),

return_lines as (
    select * from lines
    where line_kind = 'return'
),

-- a line returned by status cannot be returned again
open_lines as (
    select lines.* from lines
    semi join return_lines
        on
            lines.user_id = return_lines.user_id
            and lines.product_id = return_lines.product_id
    where
        lines.line_kind = 'return'
        or (
            lines.line_kind = 'sale'
            and coalesce(lines.order_status, '')
            not in ('cancelled', 'returned', 'unpaid')
        )
),

balanced as (
    select
        *,
        sum(case when line_kind = 'sale' then 1 else -1 end) over (
            partition by {{ sameness }}
            order by {{ order_of_time }}
            rows between unbounded preceding and current row
        ) as balance
    from open_lines
),

-- equal sales not yet returned; a return without one changes nothing
counted as (
    select
        *,
        balance - least(0, min(balance) over (
            partition by {{ sameness }}
            order by {{ order_of_time }}
            rows between unbounded preceding and current row
        )) as open_count
    from balanced
),

-- like brackets: a return closes the sale that opened its level
levelled as (
    select
        *,
        case
            when line_kind = 'sale' then open_count
            when
                lag(open_count, 1, 0) over (
                    partition by {{ sameness }} order by {{ order_of_time }}
                ) > 0
                then open_count + 1
        end as level_number
    from counted
),

closed as (
    select
        transaction_id as return_id,
        line_kind,
        lag(transaction_id) over (
            partition by {{ sameness }}, level_number order by {{ order_of_time }}
        ) as transaction_id
    from levelled
    where level_number is not null
),

-- the latest such sale before the return; of several returns the first has it
paired as (
    select
        return_id,
        transaction_id
    from closed
    where line_kind = 'return'
)

select * from paired
