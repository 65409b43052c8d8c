-- one row per open offer, user and place: a product of it that the user may buy
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

open_offers as (
    select
        coupon_products.campaign_id as offer_id,
        coupon_products.campaign_id,
        coupon_products.product_id
    from {{ ref('coupon_products') }} as coupon_products
    inner join {{ ref('campaign_calendar') }} as campaigns
        on coupon_products.campaign_id = campaigns.campaign_id
    cross join scoring
    where campaigns.ends_on >= scoring.as_of_date
    union
    select
        offer_products.offer_id,
        offers.campaign_id,
        offer_products.product_id
    from {{ ref('plan_offer_products') }} as offer_products
    inner join {{ ref('plan_offers') }} as offers
        on offer_products.offer_id = offers.offer_id
),

scores as (
    select scores.*
    from {{ ref('ml_user_product__scores') }} as scores
    inner join scoring on cast(scores.as_of_date as date) = scoring.as_of_date
),

exclusions as (select * from {{ ref('rec_excluded_products') }}),

matched as (
    select
        open_offers.offer_id,
        open_offers.campaign_id,
        scores.user_id,
        scores.product_id,
        scores.score,
        scores.task = 'buy_again_28d' as is_bought_before,
        scores.as_of_date
    from open_offers
    inner join scores on open_offers.product_id = scores.product_id
    left join exclusions
        on
            scores.user_id = exclusions.user_id
            and scores.product_id = exclusions.product_id
    where exclusions.user_id is null
),

ranked as (
    select
        *,
        row_number() over (
            partition by offer_id, user_id order by score desc, product_id asc
        ) as match_rank
    from matched
),

typed as (
    select
        cast(offer_id as string) as offer_id,
        cast(campaign_id as string) as campaign_id,
        cast(user_id as string) as user_id,
        cast(match_rank as bigint) as match_rank,
        cast(product_id as string) as product_id,
        cast(score as double) as score,
        cast(is_bought_before as boolean) as is_bought_before,
        cast(as_of_date as date) as as_of_date
    from ranked
    where match_rank <= {{ var('coupon_match_count') }}
)

select * from typed
