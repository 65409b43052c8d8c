-- one row per offer, coupon and product it covers
with

coupon_products as (
    select
        campaign_id as offer_id,
        campaign_id,
        coupon_id,
        product_id
    from {{ ref('coupon_products') }}
),

offered_products as (
    select
        offers.offer_id,
        offers.campaign_id,
        offers.offer_id as coupon_id,
        products.product_id
    from {{ ref('plan_offer_products') }} as products
    inner join {{ ref('plan_offers') }} as offers
        on products.offer_id = offers.offer_id
),

united as (
    select * from coupon_products
    union all
    select * from offered_products
)

select * from united
