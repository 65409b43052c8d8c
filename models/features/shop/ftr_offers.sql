-- one row per offer: those of the plan, and each campaign of the shop, as one offer
with

campaigns as (select * from {{ ref('campaign_calendar') }}),
planned as (select * from {{ ref('plan_campaigns') }}),
offers as (select * from {{ ref('plan_offers') }}),

products_counted as (
    select
        offer_id,
        cast(count(*) as bigint) as product_count
    from {{ ref('plan_offer_products') }}
    group by offer_id
),

-- the coupons of a shop's campaign go out together: one offer under the campaign's id
united as (
    select
        campaign_id as offer_id,
        campaign_id,
        campaign_type,
        campaign_class,
        channel,
        coupon_count,
        product_count,
        duration_days,
        is_randomised,
        is_start_observed,
        is_end_observed,
        false as is_planned,
        starts_on,
        ends_on
    from campaigns
    union all
    select
        offers.offer_id,
        offers.campaign_id,
        planned.campaign_type,
        planned.campaign_class,
        planned.channel,
        cast(1 as bigint) as coupon_count,
        coalesce(products_counted.product_count, 0) as product_count,
        {{ days_between('planned.starts_on', 'planned.ends_on') }} + 1 as duration_days,
        true as is_randomised,
        true as is_start_observed,
        false as is_end_observed,
        true as is_planned,
        planned.starts_on,
        planned.ends_on
    from offers
    inner join planned on offers.campaign_id = planned.campaign_id
    left join products_counted on offers.offer_id = products_counted.offer_id
)

select * from united
