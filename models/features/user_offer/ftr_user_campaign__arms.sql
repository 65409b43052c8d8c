-- one row per campaign, user and as-of date of the trials: features, arm and outcomes
{% set features = [
    'age_band', 'segment_name', 'days_since_last_order', 'days_since_first_order',
    'median_gap_days', 'silence_in_gaps', 'order_count_28d', 'order_count_91d',
    'order_count_364d', 'net_amount_91d', 'net_amount_364d',
    'basket_amount_per_order_364d', 'lines_per_order_364d', 'discount_share_91d',
    'discount_share_364d', 'coupon_order_count_364d', 'own_brand_share_364d',
    'weekend_share', 'contact_count', 'redeemed_campaign_count',
] -%}
with

trials as (
    select * from {{ ref('ftr_user_campaign__trials') }}
),

campaigns as (
    select * from {{ ref('ftr_campaigns') }}
),

coupon_products as (
    select distinct
        campaign_id,
        product_id
    from {{ ref('ftr_campaign__products') }}
),

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and line_kind = 'sale' and not is_cancelled
),

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and not is_cancelled
),

redemptions as (
    select * from {{ ref('coupon_redemptions') }}
),

snapshot as (
    select * from {{ ref('ftr_user__snapshot') }}
),

-- how much of what the user buys the campaign's coupons cover: both arms alike
covered as (
    select
        trials.campaign_id,
        trials.user_id,
        trials.as_of_date,
        cast(count(*) as bigint) as line_count,
        cast(count(coupon_products.product_id) as bigint) as covered_line_count
    from trials
    inner join transactions
        on
            trials.user_id = transactions.user_id
            and trials.as_of_date > transactions.order_date
    left join coupon_products
        on
            trials.campaign_id = coupon_products.campaign_id
            and transactions.product_id = coupon_products.product_id
    group by trials.campaign_id, trials.user_id, trials.as_of_date
),

ordered as (
    select
        trials.campaign_id,
        trials.user_id,
        sum(orders.net_amount - orders.cancelled_amount) as net_amount
    from trials
    inner join campaigns on trials.campaign_id = campaigns.campaign_id
    inner join orders
        on
            trials.user_id = orders.user_id
            and orders.order_date between campaigns.starts_on and campaigns.ends_on
    where trials.is_over
    group by trials.campaign_id, trials.user_id
),

redeemed as (
    select distinct
        redemptions.campaign_id,
        redemptions.user_id
    from redemptions
    inner join campaigns on redemptions.campaign_id = campaigns.campaign_id
    where redemptions.redeemed_on between campaigns.starts_on and campaigns.ends_on
),

-- outcomes: from the first day of the campaign to its last, unknown until it is over
joined as (
    select
        trials.campaign_id,
        trials.user_id,
        snapshot.first_order_id,
        trials.arm,
        case
            when trials.is_current then 'score'
            when {{ is_in_hashed_share('snapshot.first_order_id',
                var('uplift_salt'), var('uplift_test_share')) }} then 'test'
            else 'train'
        end as split_name,
        campaigns.campaign_type,
        coalesce(campaigns.channel, 'unknown') as campaign_channel,
        {% for feature in features -%}
            snapshot.{{ feature }},
        {% endfor -%}
        campaigns.duration_days as campaign_duration_days,
        coalesce(covered.covered_line_count, 0) as covered_line_count,
        coalesce(covered.covered_line_count / cast(covered.line_count as double), 0)
            as covered_line_share,
        trials.treated_share,
        case when trials.is_over then cast(ordered.user_id is not null as int) end
            as buying_outcome,
        case when trials.is_over then cast(redeemed.user_id is not null as int) end
            as redemption_outcome,
        case
            when trials.is_over then coalesce(cast(ordered.net_amount as double), 0)
        end as amount_outcome,
        trials.is_over,
        {{ days_after('campaigns.ends_on', 1) }} as label_end_date,
        trials.as_of_date
    from trials
    inner join campaigns on trials.campaign_id = campaigns.campaign_id
    inner join snapshot
        on
            trials.user_id = snapshot.user_id
            and trials.as_of_date = snapshot.as_of_date
    left join covered
        on
            trials.campaign_id = covered.campaign_id
            and trials.user_id = covered.user_id
            and trials.as_of_date = covered.as_of_date
    left join ordered
        on trials.campaign_id = ordered.campaign_id and trials.user_id = ordered.user_id
    left join redeemed
        on
            trials.campaign_id = redeemed.campaign_id
            and trials.user_id = redeemed.user_id
)

select * from joined
