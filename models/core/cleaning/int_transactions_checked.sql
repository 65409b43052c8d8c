-- one row per order line of the source, with its status
{% set columns = [
    'transaction_id', 'order_id', 'user_id', 'product_id', 'location_id',
    'coupon_id', 'currency', 'sales_channel', 'order_status', 'payment_method',
    'quantity', 'unit_price', 'discount_amount', 'coupon_amount', 'net_amount',
    'ordered_at', 'updated_at', 'shop_currency', 'exchange_rate',
] -%}
{% set key = ['transaction_id'] -%}
with

ordered as (select * from {{ ref('int_transactions_ordered') }}),

judged as (
    select
        *,
        case
            {{ fault_of([
                'order_id', 'product_id', 'transaction_id', 'ordered_at', 'net_amount',
                'quantity',
            ]) }}
            {{ clock_fault('ordered_at') }}
            when currency <> shop_currency and exchange_rate is null
                then 'currency has no rate on its day'
            -- adjustments may have either sign
            when order_status = 'adjusted' then null
            when quantity < 0 and net_amount > 0
                then 'quantity is negative but net_amount is not'
            -- of no units it is money back without goods
            when quantity > 0 and net_amount < 0
                then 'net_amount is negative but quantity is not'
            when quantity >= 0 and discount_amount < 0
                then 'discount_amount is negative'
            when quantity >= 0 and coupon_amount < 0 then 'coupon_amount is negative'
        end as fault
    from ordered
),

{{ checked_rows(
    key, columns, often_unique='transaction_id', first_by=['ordered_at'],
    within='order_id', reversal='quantity < 0',
    lasting=['cast(ordered_at as date)', 'on another day']
) }}
