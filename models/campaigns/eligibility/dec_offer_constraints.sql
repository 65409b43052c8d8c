-- one row per planned offer and user with a score: what keeps the offer from the user
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
interests as (select * from {{ ref('dec_offer_interests') }}),

-- an offer of a campaign for those interested is no offer to others
offer_values as (
    select offer_values.*
    from {{ ref('dec_offer_values') }} as offer_values
    inner join campaigns on offer_values.campaign_id = campaigns.campaign_id
    left join interests
        on
            offer_values.offer_id = interests.offer_id
            and offer_values.user_id = interests.user_id
    where campaigns.audience_rule <> 'interested' or interests.user_id is not null
),

alarming as (
    select distinct product_id from {{ ref('product_voice') }}
    where is_complaint_alert
),

-- an offer of products that are hardly in stock on the day it is sent disappoints
stocked as (
    select
        offer_products.offer_id,
        avg(case when promised.available_units > 0 then 1.0 else 0.0 end)
            as stocked_share
    from {{ ref('plan_offers') }} as offers
    inner join {{ ref('plan_offer_products') }} as offer_products
        on offers.offer_id = offer_products.offer_id
    inner join {{ ref('available_to_promise') }} as promised
        on
            offers.campaign_id = promised.campaign_id
            and offer_products.product_id = promised.product_id
    group by offer_products.offer_id
),

-- nor is it an offer if most of its products have disappointed others of late
complained as (
    select
        offer_products.offer_id,
        avg(case when alarming.product_id is not null then 1.0 else 0.0 end)
            as complained_share
    from {{ ref('plan_offer_products') }} as offer_products
    left join alarming on offer_products.product_id = alarming.product_id
    group by offer_products.offer_id
),

judged as (
    select
        offer_values.offer_id,
        offer_values.campaign_id,
        offer_values.user_id,
        offer_values.score,
        coalesce(stocked.stocked_share < {{ var('least_stocked_share') }}, false)
            as is_out_of_stock,
        coalesce(
            complained.complained_share >= {{ var('most_complained_share') }}, false
        ) as is_complained_of,
        coalesce(
            offer_values.days_since_last_covered <= {{ var('already_bought_days') }},
            false
        ) as is_bought_already,
        not offer_values.is_exploratory
        and coalesce(offer_values.score < {{ var('minimum_score') }}, true)
            as is_below_minimum_score
    from offer_values
    left join stocked on offer_values.offer_id = stocked.offer_id
    left join complained on offer_values.offer_id = complained.offer_id
)

select * from judged
