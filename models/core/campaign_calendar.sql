-- one row per campaign
-- depends_on: {{ ref('data_quality') }}
with

campaigns as (
    select * from {{ ref('int_campaigns_checked') }}
    where row_status = 'kept'
),

contacts_counted as (
    select
        campaign_id,
        cast(count(*) as bigint) as contact_count,
        {{ are_arms_mixed('arm') }} as has_mixed_arms
    from {{ ref('campaign_arms') }}
    group by campaign_id
),

coupons_counted as (
    select
        campaign_id,
        cast(count(distinct coupon_id) as bigint) as coupon_count,
        cast(count(distinct product_id) as bigint) as product_count
    from {{ ref('coupon_products') }}
    group by campaign_id
),

data_span as (
    select
        first_order_date as first_date,
        last_order_date as last_date
    from {{ ref('int_order_span') }}
),

described as (
    select
        campaigns.campaign_id,
        campaigns.campaign_type,
        campaigns.campaign_class,
        campaigns.channel,
        coalesce(contacts_counted.contact_count, 0) as contact_count,
        coalesce(coupons_counted.coupon_count, 0) as coupon_count,
        coalesce(coupons_counted.product_count, 0) as product_count,
        {{ days_between('campaigns.starts_on', 'campaigns.ends_on') }} + 1
            as duration_days,
        campaigns.is_randomised,
        coalesce(contacts_counted.has_mixed_arms, false) as has_mixed_arms,
        campaigns.starts_on >= data_span.first_date as is_start_observed,
        campaigns.ends_on <= data_span.last_date as is_end_observed,
        campaigns.starts_on,
        campaigns.ends_on
    from campaigns
    cross join data_span
    left join contacts_counted on campaigns.campaign_id = contacts_counted.campaign_id
    left join coupons_counted on campaigns.campaign_id = coupons_counted.campaign_id
)

select * from described
