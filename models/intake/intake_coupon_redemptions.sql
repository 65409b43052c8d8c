-- one row per redemption
with

source_rows as (select * from {{ source_rows('coupon_redemptions') }}),

contracted as (
    select
        redemption_id,
        {{ pseudonym('user_id') }} as user_id,
        coupon_id,
        campaign_id,
        redeemed_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
