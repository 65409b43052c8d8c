-- one row per offer, user and as-of date: what the user bought of what the offer covers
with

candidates as (select * from {{ ref('ftr_user_offer__candidates') }}),
offers as (select * from {{ ref('ftr_offers') }}),
matches as (select * from {{ ref('ftr_user_offer__matches') }}),
covered_days as (select * from {{ ref('ftr_user_offer__days') }}),

joined as (
    select
        candidates.user_id,
        candidates.offer_id,
        candidates.campaign_id,
        offers.campaign_class,
        offers.coupon_count as campaign_coupon_count,
        offers.product_count as campaign_product_count,
        offers.duration_days as campaign_duration_days,
        coalesce(matches.covered_product_count, 0) as covered_product_count,
        coalesce(matches.covered_line_count, 0) as covered_line_count,
        coalesce(matches.covered_line_count_91d, 0) as covered_line_count_91d,
        coalesce(matches.matched_coupon_count, 0) as matched_coupon_count,
        coalesce(matches.matched_coupon_count, 0)
        / nullif(cast(offers.coupon_count as double), 0) as matched_coupon_share,
        coalesce(cast(matches.covered_amount as double), 0) as covered_amount,
        coalesce(covered_days.covered_day_count, 0) as covered_day_count,
        {% for days in var('feature_windows').user_offer -%}
            coalesce(covered_days.covered_day_count_{{ days }}d, 0)
                as covered_day_count_{{ days }}d,
        {% endfor -%}
        covered_days.days_since_last_covered,
        candidates.as_of_date
    from candidates
    inner join offers on candidates.offer_id = offers.offer_id
    left join matches
        on
            candidates.user_id = matches.user_id
            and candidates.offer_id = matches.offer_id
            and candidates.as_of_date = matches.as_of_date
    left join covered_days
        on
            candidates.user_id = covered_days.user_id
            and candidates.offer_id = covered_days.offer_id
            and candidates.as_of_date = covered_days.as_of_date
)

select * from joined
