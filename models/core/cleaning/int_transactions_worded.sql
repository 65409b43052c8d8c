-- one row per order line of the source, its status in the contract's words
{% set columns = [
    'transaction_id', 'order_id', 'user_id', 'product_id', 'location_id',
    'coupon_id', 'currency', 'sales_channel', 'order_status', 'payment_method',
    'quantity', 'unit_price', 'discount_amount', 'coupon_amount', 'net_amount',
    'ordered_at', 'updated_at',
] -%}
{{ config(materialized="view") }}
{{ in_known_words(ref('intake_transactions'), columns, {
    'order_status': {'words': 'order_status', 'unknown': 'refused'},
}) }}
