-- one row per planned campaign and product of it that was counted: units it may promise
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
send_dates as (select * from {{ ref('plan_send_dates') }}),
stock as (select * from {{ ref('dem_stock') }}),

campaign_products as (
    select distinct
        offers.campaign_id,
        offer_products.product_id,
        campaigns.as_of_date,
        send_dates.judged_on as send_date,
        {{ days_between('campaigns.as_of_date', 'send_dates.judged_on') }} as days_ahead
    from {{ ref('plan_offers') }} as offers
    inner join {{ ref('plan_offer_products') }} as offer_products
        on offers.offer_id = offer_products.offer_id
    inner join campaigns on offers.campaign_id = campaigns.campaign_id
    inner join send_dates on offers.campaign_id = send_dates.campaign_id
),

-- what sells anyway until the message is sent is not the campaign's to promise
sold_before as (
    select
        campaign_products.campaign_id,
        demand.product_id,
        demand.location_id,
        sum(
            demand.own_units / 7 * least(
                greatest(
                    campaign_products.days_ahead - 7 * demand.week_number,
                    0
                ),
                7
            )
        ) as units
    from campaign_products
    inner join {{ ref('dem_stock_demand') }} as demand
        on campaign_products.product_id = demand.product_id
    group by campaign_products.campaign_id, demand.product_id, demand.location_id
),

{% set whole_lead_time = 'cast(ceil(stock.lead_time_days) as int)' -%}
places as (
    select
        campaign_products.campaign_id,
        campaign_products.product_id,
        campaign_products.send_date,
        campaign_products.as_of_date,
        stock.on_hand_units,
        -- an order is there once its lead time is over
        case
            when
                {{ days_after('stock.counted_on', whole_lead_time) }}
                <= campaign_products.send_date
                then stock.on_order_units
            else 0
        end as incoming_units,
        coalesce(sold_before.units, 0) as sold_before_units
    from campaign_products
    inner join stock on campaign_products.product_id = stock.product_id
    left join sold_before
        on
            campaign_products.campaign_id = sold_before.campaign_id
            and stock.product_id = sold_before.product_id
            and stock.location_id = sold_before.location_id
),

summed as (
    select
        campaign_id,
        product_id,
        sum(on_hand_units) as on_hand_units,
        sum(incoming_units) as incoming_units,
        sum(sold_before_units) as sold_before_units,
        cast(
            sum(
                floor(
                    greatest(on_hand_units + incoming_units - sold_before_units, 0)
                )
            ) as bigint
        ) as available_units,
        max(send_date) as send_date,
        max(as_of_date) as as_of_date
    from places
    group by campaign_id, product_id
)

select * from summed
