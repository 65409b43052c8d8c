-- one row per offer and product that it covers
with

offers as (select * from {{ ref('plan_offers') }}),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

of_category as (
    select
        offers.offer_id,
        products.product_id
    from offers
    inner join products
        on
            offers.eligible_category = products.category
            or offers.eligible_category = products.department
            or offers.eligible_category = products.subcategory
),

listed as (
    select
        offer_id,
        {{ words_of('eligible_products') }} as product_id
    from offers
    where eligible_products is not null
),

united as (
    select * from of_category
    union distinct
    select * from listed
)

select * from united
