-- one row per order line that passed the checks, in local time and flagged
{{ config(materialized="view") }}
with

checked_transactions as (
    select * from {{ ref('int_transactions_checked') }}
    where row_status = 'kept'
),

products as (select * from {{ ref('int_products_completed') }}),

localised as (
    select
        checked_transactions.*,
        products.product_kind,
        products.is_in_catalogue,
        {{ local_timestamp('checked_transactions.ordered_at') }} as ordered_at_local
    from checked_transactions
    inner join products on checked_transactions.product_id = products.product_id
),

flagged as (
    select
        *,
        cast(ordered_at_local as date) as order_date,
        product_kind = 'fuel' as is_fuel,
        coalesce(quantity > 0 and quantity <= {{ var('max_line_quantity') }}, false)
            as is_quantity_plausible,
        net_amount = 0 as is_free,
        {{ line_kind() }} as line_kind
    from localised
),

-- amounts in other currencies: the lines of an order and kind add up to their sum
converted as (
    select
        lines.transaction_id,
        {{ converted('discount_amount', 'within_order') }} as discount_amount,
        {{ converted('coupon_amount', 'within_order') }} as coupon_amount,
        {{ converted('net_amount', 'within_order') }} as net_amount
    from {{ ref('int_transactions_checked') }} as lines
    inner join {{ ref('int_products_completed') }} as products
        on lines.product_id = products.product_id
    where lines.row_status = 'kept' and lines.exchange_rate <> 1
    window within_order as (
        partition by order_id, currency, exchange_rate, {{ line_kind() }}
        order by ordered_at, transaction_id
        rows between unbounded preceding and current row
    )
),

cleaned as (
    select
        flagged.transaction_id,
        flagged.order_id,
        flagged.user_id,
        flagged.product_id,
        flagged.location_id,
        flagged.coupon_id,
        coalesce(flagged.shop_currency, flagged.currency) as currency,
        flagged.sales_channel,
        flagged.order_status,
        flagged.payment_method,
        flagged.line_kind,
        flagged.quantity,
        case
            when converted.transaction_id is null then flagged.unit_price
            else cast(
                round(flagged.unit_price * flagged.exchange_rate, 4) as decimal(18, 4)
            )
        end as unit_price,
        -- an unknown discount counts as none
        coalesce(converted.discount_amount, flagged.discount_amount, 0)
            as discount_amount,
        coalesce(converted.coupon_amount, flagged.coupon_amount, 0) as coupon_amount,
        coalesce(converted.net_amount, flagged.net_amount) as net_amount,
        coalesce(flagged.currency, flagged.shop_currency) as original_currency,
        flagged.net_amount as original_net_amount,
        flagged.exchange_rate,
        flagged.is_in_catalogue as is_product_known,
        flagged.is_fuel,
        flagged.is_quantity_plausible,
        flagged.is_free,
        -- the lines that basket-size features count
        flagged.is_quantity_plausible
        and flagged.product_kind = 'goods'
        and flagged.line_kind = 'sale' as is_basket_line,
        flagged.order_date,
        flagged.ordered_at,
        flagged.updated_at,
        flagged.ordered_at_local
    from flagged
    left join converted on flagged.transaction_id = converted.transaction_id
)

select * from cleaned
