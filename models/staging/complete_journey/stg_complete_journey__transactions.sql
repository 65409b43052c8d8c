-- one row per basket line
with

transactions as (select * from {{ source('complete_journey', 'transactions') }}),

renamed as (
    select
        -- a basket holds a product once
        cast(basket_id as string)
        || '-'
        || cast(product_id as string) as transaction_id,
        cast(basket_id as string) as order_id,
        cast(household_id as string) as user_id,
        cast(product_id as string) as product_id,
        cast(store_id as string) as location_id,
        cast(null as string) as coupon_id,
        'USD' as currency,
        'store' as sales_channel,
        cast(null as string) as order_status,
        cast(null as string) as payment_method,
        cast(quantity as decimal(18, 3)) as quantity,
        -- values that are not amounts (NaN, 1e300) become null and are rejected by name
        try_cast(
            (sales_value + retail_disc + coupon_match_disc) / nullif(quantity, 0)
            as decimal(18, 4)
        ) as unit_price,
        try_cast(retail_disc as decimal(18, 2))
        + try_cast(coupon_match_disc as decimal(18, 2)) as discount_amount,
        try_cast(coupon_disc as decimal(18, 2))
        + try_cast(coupon_match_disc as decimal(18, 2)) as coupon_amount,
        try_cast(sales_value as decimal(18, 2)) as net_amount,
        transaction_timestamp as ordered_at
    from transactions
),

typed as (
    select
        transaction_id,
        order_id,
        user_id,
        product_id,
        location_id,
        coupon_id,
        currency,
        sales_channel,
        order_status,
        payment_method,
        quantity,
        unit_price,
        cast(discount_amount as decimal(18, 2)) as discount_amount,
        cast(coupon_amount as decimal(18, 2)) as coupon_amount,
        net_amount,
        ordered_at,
        {{ nothing_noted() }}
    from renamed
)

select * from typed
