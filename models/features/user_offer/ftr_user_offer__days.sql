-- one row per offer, user and as-of date: the days with what coupons cover
with

candidates as (select * from {{ ref('ftr_user_offer__candidates') }}),

offer_products as (
    select distinct
        offer_id,
        product_id
    from {{ ref('ftr_offer__products') }}
),

purchases as (
    select distinct
        user_id,
        product_id,
        order_date
    from {{ ref('transactions') }}
    where user_id is not null and line_kind = 'sale' and not is_cancelled
),

covered_days as (
    select distinct
        candidates.user_id,
        candidates.offer_id,
        candidates.as_of_date,
        {{ days_between('purchases.order_date', 'candidates.as_of_date') }} as days_ago
    from candidates
    inner join purchases
        on
            candidates.user_id = purchases.user_id
            and candidates.as_of_date > purchases.order_date
    inner join offer_products
        on
            candidates.offer_id = offer_products.offer_id
            and purchases.product_id = offer_products.product_id
),

summed as (
    select
        user_id,
        offer_id,
        cast(count(*) as bigint) as covered_day_count,
        {% for days in var('feature_windows').user_offer -%}
            {{ sum_within('1', days) }} as covered_day_count_{{ days }}d,
        {% endfor -%}
        min(days_ago) as days_since_last_covered,
        as_of_date
    from covered_days
    group by user_id, offer_id, as_of_date
)

select * from summed
