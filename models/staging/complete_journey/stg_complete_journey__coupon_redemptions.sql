-- one row per redemption
with

coupon_redemptions as (
    select * from {{ source('complete_journey', 'coupon_redemptions') }}
),

renamed as (
    select
        cast(household_id as string)
        || '-' || cast(coupon_upc as string)
        || '-' || cast(campaign_id as string)
        || '-' || cast(cast(redemption_date as date) as string) as redemption_id,
        cast(household_id as string) as user_id,
        cast(coupon_upc as string) as coupon_id,
        cast(campaign_id as string) as campaign_id,
        -- the source gives a local day; the contract needs a UTC time
        {{ utc_timestamp('redemption_date') }} as redeemed_at,
        {{ nothing_noted() }}
    from coupon_redemptions
)

select * from renamed
