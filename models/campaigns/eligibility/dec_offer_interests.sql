-- one row per offer of a campaign for those interested, and user with an interest in it
with

campaigns as (
    select * from {{ ref('plan_campaigns') }}
    where audience_rule = 'interested'
),

offers as (select * from {{ ref('plan_offers') }}),
offer_products as (select * from {{ ref('plan_offer_products') }}),

covered as (
    select
        campaigns.campaign_id,
        offers.offer_id,
        offer_products.product_id,
        campaigns.as_of_date
    from campaigns
    inner join offers on campaigns.campaign_id = offers.campaign_id
    inner join offer_products on offers.offer_id = offer_products.offer_id
),

-- a purchase, a look or a place in a cart shows an interest
activities as (
    select
        user_id,
        product_id,
        order_date as activity_date
    from {{ ref('transactions') }}
    where user_id is not null and is_basket_line and not is_cancelled
    union all
    select
        user_id,
        product_id,
        occurred_on as activity_date
    from {{ ref('events') }}
    where user_id is not null and event_type in ('view', 'add_to_cart')
),

interested as (
    select distinct
        covered.campaign_id,
        covered.offer_id,
        activities.user_id
    from covered
    inner join activities
        on
            covered.product_id = activities.product_id
            and covered.as_of_date > activities.activity_date
            and {{ days_after('covered.as_of_date', -1 * var('interest_days')) }}
            <= activities.activity_date
)

select * from interested
