-- one row per part of a return or cancellation, with its sale line
with

lines as (select * from {{ ref('int_transactions_cleaned') }}),
paired as (select * from {{ ref('int_returns_paired') }}),

return_lines as (
    select * from lines
    where line_kind = 'return'
),

allotted as (select * from {{ ref('int_returns_allotted') }}),

parts as (
    select
        paired.return_id,
        paired.transaction_id,
        -return_lines.quantity as quantity
    from paired
    inner join return_lines on paired.return_id = return_lines.transaction_id
    union all
    select
        return_id,
        transaction_id,
        quantity
    from allotted
),

parts_summed as (
    select
        return_lines.transaction_id as return_id,
        -return_lines.quantity - coalesce(sum(parts.quantity), 0) as quantity_left
    from return_lines
    left join parts on return_lines.transaction_id = parts.return_id
    group by return_lines.transaction_id, return_lines.quantity
),

-- the unmatched rest of a return
all_parts as (
    select * from parts
    union all
    select
        return_id,
        cast(null as string) as transaction_id,
        quantity_left as quantity
    from parts_summed
    where quantity_left > 0
),

-- running shares of the amount, rounded, so that the parts add up to the cent
shared as (
    select
        all_parts.*,
        -return_lines.original_net_amount as line_amount,
        return_lines.original_currency,
        return_lines.exchange_rate,
        -return_lines.quantity as line_quantity,
        return_lines.user_id,
        return_lines.product_id,
        return_lines.order_status,
        return_lines.order_date as returned_on,
        return_lines.ordered_at as returned_at,
        row_number() over part_order as part_number,
        sum(all_parts.quantity) over part_order as quantity_until
    from all_parts
    inner join return_lines on all_parts.return_id = return_lines.transaction_id
    window part_order as (
        partition by all_parts.return_id
        order by all_parts.transaction_id asc nulls last
        rows between unbounded preceding and current row
    )
),

-- what was never paid was never sold: undone at once, whenever that came out
undone_lines as (
    select
        *,
        case
            when order_status = 'unpaid' then ordered_at
            else greatest(updated_at, ordered_at)
        end as undone_at
    from lines
    where line_kind = 'sale' and order_status in ('cancelled', 'returned', 'unpaid')
),

-- amounts as they were paid
undone as (
    select
        return_id,
        transaction_id,
        user_id,
        product_id,
        coalesce(order_status, 'returned') as return_kind,
        part_number,
        quantity,
        round(line_amount * quantity_until / line_quantity, 2)
        - round(line_amount * (quantity_until - quantity) / line_quantity, 2)
            as returned_amount,
        original_currency,
        exchange_rate,
        returned_on,
        returned_at
    from shared
    union all
    -- returned by status: the line itself states it, with the time of the change
    select
        transaction_id as return_id,
        transaction_id,
        user_id,
        product_id,
        case when order_status = 'returned' then 'returned' else 'cancelled' end
            as return_kind,
        1 as part_number,
        quantity,
        original_net_amount as returned_amount,
        original_currency,
        exchange_rate,
        cast({{ local_timestamp('undone_at') }} as date) as returned_on,
        undone_at as returned_at
    from undone_lines
    union all
    select * from {{ ref('int_refunds_matched') }}
),

{{ refunds_at_rate_of_sale() }}

matched as (
    select
        return_id,
        transaction_id,
        order_id,
        user_id,
        product_id,
        return_kind,
        cast(part_number as bigint) as part_number,
        cast(quantity as decimal(18, 3)) as quantity,
        cast(converted_amount as decimal(18, 2)) as returned_amount,
        order_id is not null as is_matched,
        coalesce(order_date = returned_on, false) as is_same_day,
        is_converted,
        order_date,
        returned_on,
        returned_at
    from rated
)

select * from matched
