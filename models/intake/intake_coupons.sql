-- one row per campaign, coupon and product
with

source_rows as (select * from {{ source_rows('coupons') }}),

contracted as (
    select
        coupon_id,
        product_id,
        campaign_id,
        face_value,
        discount_share,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
