-- one row per open contact and place: a product that its message shows
with

audience as (select * from {{ ref('campaign_audience') }}),
matches as (select * from {{ ref('coupon_matches') }}),
recommended as (select * from {{ ref('product_recommendations') }}),
products as (select * from {{ ref('products') }}),

-- of these a message shows no other products
offers_of_products as (
    select offer_id from {{ ref('plan_offer_products') }}
    union distinct
    select offer_id from matches
),

of_offers as (
    select
        audience.decision_id,
        matches.product_id,
        matches.match_rank as product_rank,
        true as is_of_offer
    from audience
    inner join matches
        on audience.offer_id = matches.offer_id and audience.user_id = matches.user_id
),

of_users as (
    select
        audience.decision_id,
        recommended.product_id,
        row_number() over (
            partition by audience.decision_id
            order by
                recommended.score desc nulls last,
                recommended.list_rank asc,
                recommended.product_id asc
        ) as product_rank,
        false as is_of_offer
    from audience
    inner join recommended on audience.user_id = recommended.user_id
    left join offers_of_products on audience.offer_id = offers_of_products.offer_id
    where offers_of_products.offer_id is null
),

united as (
    select * from of_offers
    union all
    select * from of_users
),

typed as (
    select
        cast(united.decision_id as string) as decision_id,
        cast(audience.campaign_id as string) as campaign_id,
        cast(audience.user_id as string) as user_id,
        cast(united.product_rank as bigint) as product_rank,
        cast(united.product_id as string) as product_id,
        cast(
            coalesce(products.product_name, products.category) as string
        ) as product_name,
        cast(united.is_of_offer as boolean) as is_of_offer
    from united
    inner join audience on united.decision_id = audience.decision_id
    inner join products on united.product_id = products.product_id
    where united.product_rank <= {{ var('coupon_match_count') }}
)

select * from typed
