-- one row per campaign or planned offer, coupon and product it covers
with

coupon_products as (
    select
        campaign_id,
        coupon_id,
        product_id
    from {{ ref('coupon_products') }}
),

offered_products as (
    select
        offer_id as campaign_id,
        offer_id as coupon_id,
        product_id
    from {{ ref('plan_offer_products') }}
),

united as (
    select * from coupon_products
    union all
    select * from offered_products
)

select * from united
