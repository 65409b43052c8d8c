-- one row per offer, user and as-of date of the trials: what uplift is learnt from
{% set features = [
    'age_band', 'segment_name', 'days_since_last_order', 'days_since_first_order',
    'median_gap_days', 'silence_in_gaps', 'order_count_28d', 'order_count_91d',
    'order_count_364d', 'net_amount_91d', 'net_amount_364d',
    'basket_amount_per_order_364d', 'lines_per_order_364d', 'discount_share_91d',
    'discount_share_364d', 'coupon_order_count_364d', 'own_brand_share_364d',
    'weekend_share', 'contact_count', 'redeemed_campaign_count',
] -%}
with

trials as (select * from {{ ref('ftr_user_offer__trials') }}),
offers as (select * from {{ ref('ftr_offers') }}),

offer_products as (
    select distinct
        offer_id,
        product_id
    from {{ ref('ftr_offer__products') }}
),

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and line_kind = 'sale' and not is_cancelled
),

snapshot as (select * from {{ ref('ftr_user__snapshot') }}),

-- share of the user's purchases that the offer covers, for both arms
covered as (
    select
        trials.offer_id,
        trials.user_id,
        trials.as_of_date,
        cast(count(*) as bigint) as line_count,
        cast(count(offer_products.product_id) as bigint) as covered_line_count
    from trials
    inner join transactions
        on
            trials.user_id = transactions.user_id
            and trials.as_of_date > transactions.order_date
    left join offer_products
        on
            trials.offer_id = offer_products.offer_id
            and transactions.product_id = offer_products.product_id
    group by trials.offer_id, trials.user_id, trials.as_of_date
),

joined as (
    select
        trials.offer_id,
        trials.campaign_id,
        trials.user_id,
        offers.campaign_type,
        coalesce(offers.channel, 'unknown') as campaign_channel,
        {% for feature in features -%}
            snapshot.{{ feature }},
        {% endfor -%}
        offers.duration_days as campaign_duration_days,
        coalesce(covered.covered_line_count, 0) as covered_line_count,
        coalesce(covered.covered_line_count / cast(covered.line_count as double), 0)
            as covered_line_share,
        trials.as_of_date
    from trials
    inner join offers on trials.offer_id = offers.offer_id
    inner join snapshot
        on
            trials.user_id = snapshot.user_id
            and trials.as_of_date = snapshot.as_of_date
    left join covered
        on
            trials.offer_id = covered.offer_id
            and trials.user_id = covered.user_id
            and trials.as_of_date = covered.as_of_date
)

select * from joined
