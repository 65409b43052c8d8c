-- one row per coupon row of the source; some come twice
with

coupons as (select * from {{ source('complete_journey', 'coupons') }}),

renamed as (
    select
        cast(coupon_upc as string) as coupon_id,
        cast(product_id as string) as product_id,
        cast(campaign_id as string) as campaign_id,
        cast(null as decimal(18, 2)) as face_value,
        cast(null as double) as discount_share,
        {{ nothing_noted() }}
    from coupons
)

select * from renamed
