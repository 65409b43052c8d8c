-- one row per order line
with

source_rows as (select * from {{ source_rows('transactions') }}),

contracted as (
    select
        transaction_id,
        order_id,
        {{ pseudonym('user_id') }} as user_id,
        product_id,
        location_id,
        coupon_id,
        currency,
        sales_channel,
        order_status,
        payment_method,
        quantity,
        unit_price,
        discount_amount,
        coupon_amount,
        net_amount,
        ordered_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
