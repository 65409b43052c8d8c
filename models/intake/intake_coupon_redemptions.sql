-- one row per redemption
with

source_rows as (
    select * from {{ source_rows('coupon_redemptions') }}
),

contracted as (
    select
        redemption_id,
        user_id,
        coupon_id,
        campaign_id,
        redeemed_at
    from source_rows
)

select * from contracted
