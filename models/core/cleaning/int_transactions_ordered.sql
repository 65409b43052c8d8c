-- one row per order line of the source, under the order that it belongs to
{% set columns = [
    'transaction_id', 'location_id', 'coupon_id', 'sales_channel', 'order_status',
    'payment_method', 'quantity', 'unit_price', 'discount_amount', 'coupon_amount',
    'net_amount', 'ordered_at', 'updated_at', 'currency', 'product_id', 'source_file',
    'source_row', 'shop_currency', 'exchange_rate',
] -%}
{% set gap = var('order_gap') -%}
{{ config(materialized="view") }}
with

purchased as (select * from {{ ref('int_transactions_purchased') }}),

-- a number that comes again at another time is of another receipt
repeated as (
    select
        *,
        is_numbered
        and is_sale
        and sold_at > {{ dbt.dateadd(
            'minute', gap.minutes,
            'min(case when is_sale then sold_at end) over same_number'
        ) }} as is_number_again
    from purchased
    where is_in_doubt
    window
        same_number as (
            partition by order_id, purchaser_id, guest_place, transaction_id
        )
),

-- who comes again long after, or sooner but elsewhere, has another order
begun as (
    select
        *,
        case
            when not is_sale then 0
            when sold_at > {{ dbt.dateadd(
                'day', gap.days, 'lag(sold_at) over sales'
            ) }} then 1
            when
                sold_at
                > {{ dbt.dateadd('hour', gap.hours, 'lag(sold_at) over sales') }}
                and (purchaser_id is null or place <> lag(place) over sales)
                then 1
            when
                is_number_again
                and sold_at
                > {{ dbt.dateadd('minute', gap.minutes, 'lag(sold_at) over sales') }}
                then 1
            else 0
        end as is_begin
    from repeated
    window
        sales as (
            partition by order_id, purchaser_id, guest_place, is_sale
            order by sold_at asc, is_number_again desc, transaction_id asc
        )
),

counted as (
    select
        *,
        -- equal rows have one number
        sum(is_begin) over (
            partition by order_id, purchaser_id, guest_place
            order by sold_at asc, is_sale desc
            range between unbounded preceding and current row
        ) as begin_count
    from begun
),

dated as (
    select
        *,
        min(sold_at) over party as begins_at,
        min(transaction_id) over party as first_line_id
    from counted
    window
        party as (partition by order_id, purchaser_id, guest_place, begin_count)
),

numbered as (
    select
        *,
        dense_rank() over (
            partition by order_id
            order by
                is_of_another_user asc,
                -- a clock that was never set takes no good order's id
                coalesce(year(begins_at) < {{ var('earliest_year') }}, true) asc,
                begins_at asc nulls last,
                first_line_id asc,
                purchaser_id asc nulls last,
                guest_place asc,
                begin_count asc
        ) as order_number
    from dated
),

told_apart as (
    select
        {% for column in columns -%}
            {{ column }},
        {% endfor -%}
        case
            when order_number > 1 then order_id || '#' || order_number else order_id
        end as order_id,
        purchaser_id as user_id,
        case
            when read_fault is not null then read_fault
            when is_of_another_user
                then 'transaction_id comes again with another user_id'
        end as read_fault,
        concat_ws(
            '; ', nullif(repairs_made, ''),
            case
                when user_id is null and purchaser_id is not null
                    then 'user_id is missing, the order''s taken'
            end,
            case
                when order_number > 1
                    then 'order_id stands for several orders, told apart'
            end
        ) as repairs_made
    from numbered
),

united as (
    select
        {% for column in columns -%}
            {{ column }},
        {% endfor -%}
        order_id,
        user_id,
        read_fault,
        repairs_made
    from purchased
    where not is_in_doubt
    union all
    select * from told_apart
)

select * from united
