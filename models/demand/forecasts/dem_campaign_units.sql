-- one row per product and week: units that our approved campaigns are expected to add
with

campaigns as (
    select * from {{ ref('plan_campaigns') }}
    where plan_status = 'approved'
),

send_dates as (select * from {{ ref('plan_send_dates') }}),
offers as (select * from {{ ref('plan_offers') }}),
past_campaigns as (select * from {{ ref('campaign_calendar') }}),

-- contacts are decided after forecasts: the plan alone says how many there may be
redeemed as (
    select
        campaign_id,
        count(*) as redemption_count
    from {{ ref('coupon_redemptions') }}
    group by campaign_id
),

response as (
    select
        coalesce(
            sum(redeemed.redemption_count)
            / nullif(sum(past_campaigns.contact_count), 0),
            {{ var('demand_campaigns').response_rate }}
        ) as response_rate
    from past_campaigns
    inner join redeemed on past_campaigns.campaign_id = redeemed.campaign_id
    where past_campaigns.contact_count > 0
),

users as (
    select count(*) as user_count from {{ ref('users') }}
),

affordable as (
    select
        campaigns.campaign_id,
        greatest(campaigns.starts_on, campaigns.as_of_date) as first_date,
        campaigns.ends_on,
        campaigns.as_of_date,
        least(
            campaigns.budget_amount / nullif(send_dates.contact_cost, 0),
            users.user_count
        ) * (1 - campaigns.control_share) as contact_count
    from campaigns
    inner join send_dates on campaigns.campaign_id = send_dates.campaign_id
    cross join users
),

offered as (
    select
        offers.offer_id,
        affordable.first_date,
        affordable.ends_on,
        affordable.as_of_date,
        least(
            affordable.contact_count * response.response_rate
            / count(*) over (partition by offers.campaign_id),
            coalesce(offers.stock_cap, 1e15)
        ) * {{ var('demand_campaigns').extra_share }} as extra_units
    from offers
    inner join affordable on offers.campaign_id = affordable.campaign_id
    cross join response
),

sold_lately as (
    select
        product_id,
        sum(units) as units
    from {{ ref('dem_place_sales') }}
    where week_number >= -26
    group by product_id
),

-- by what products of the offer sold lately
weighed as (
    select
        offer_products.offer_id,
        offer_products.product_id,
        sold_lately.units / sum(sold_lately.units) over (
            partition by offer_products.offer_id
        ) as product_share
    from {{ ref('plan_offer_products') }} as offer_products
    inner join sold_lately on offer_products.product_id = sold_lately.product_id
),

weeks as (
    {{ dbt.generate_series(8) }}
),

{% set weeks_before = '7 * (weeks.generated_number - 1)' -%}
{% set week_start = days_after('offered.as_of_date', weeks_before) -%}
{% set week_end = days_after('offered.as_of_date', '7 * weeks.generated_number - 1') -%}
spread as (
    select
        weighed.product_id,
        cast(weeks.generated_number - 1 as bigint) as week_number,
        sum(
            offered.extra_units * weighed.product_share
            * greatest(
                {{ days_between(
                    'greatest(offered.first_date, ' ~ week_start ~ ')',
                    'least(offered.ends_on, ' ~ week_end ~ ')'
                ) }} + 1,
                0
            )
            / ({{ days_between('offered.first_date', 'offered.ends_on') }} + 1)
        ) as campaign_units
    from offered
    inner join weighed on offered.offer_id = weighed.offer_id
    cross join weeks
    group by weighed.product_id, weeks.generated_number
)

select * from spread
where campaign_units > 0
