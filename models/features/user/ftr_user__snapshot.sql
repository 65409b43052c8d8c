-- one row per user and as-of date: every user feature side by side
with

windows as (select * from {{ ref('ftr_user__windows') }}),
rhythm as (select * from {{ ref('ftr_user__rhythm') }}),
rfm as (select * from {{ ref('ftr_user__rfm') }}),
departments as (select * from {{ ref('ftr_user__departments') }}),
blocks as (select * from {{ ref('ftr_user__blocks') }}),
campaigns as (select * from {{ ref('ftr_user__campaigns') }}),
messages as (select * from {{ ref('ftr_user__messages') }}),
visits as (select * from {{ ref('ftr_user__visits') }}),
users as (select * from {{ ref('users') }}),

joined as (
    select
        windows.user_id,
        users.age_band,
        users.income_band,
        users.household_size,
        users.has_profile,
        rfm.segment_name,
        rfm.recency_score,
        rfm.frequency_score,
        rfm.monetary_score,
        rfm.rfm_score,
        windows.days_since_last_order,
        windows.days_since_first_order,
        rhythm.days_since_second_last_order,
        rhythm.days_since_third_last_order,
        rhythm.days_since_fifth_last_order,
        rhythm.days_since_tenth_last_order,
        rhythm.gap_count,
        rhythm.mean_gap_days,
        rhythm.median_gap_days,
        rhythm.gap_spread_days,
        rhythm.longest_gap_days,
        rhythm.longest_gap_days_91d,
        rhythm.last_gap_days,
        rhythm.mean_last_four_gap_days,
        rhythm.silence_in_gaps,
        {% for days in var('feature_windows').user -%}
            windows.active_day_count_{{ days }}d,
            windows.order_count_{{ days }}d,
            cast(windows.net_amount_{{ days }}d as double) as net_amount_{{ days }}d,
        {% endfor -%}
        {% for week in range(1, 14) -%}
            windows.active_day_count_week_{{ week }},
        {% endfor -%}
        windows.active_week_count_91d,
        windows.order_count
        / cast(windows.days_since_first_order as double) as orders_per_day,
        windows.order_count_28d
        - (windows.order_count_56d - windows.order_count_28d) as order_count_trend_28d,
        windows.order_count_91d
        - (windows.order_count_182d - windows.order_count_91d) as order_count_trend_91d,
        cast(windows.net_amount_28d * 2 - windows.net_amount_56d as double)
            as net_amount_trend_28d,
        cast(windows.net_amount_91d * 2 - windows.net_amount_182d as double)
            as net_amount_trend_91d,
        blocks.net_amount_block_2,
        blocks.net_amount_block_3,
        blocks.net_amount_block_4,
        blocks.median_block_amount,
        {% for days in var('feature_windows').user_amount -%}
            windows.line_count_{{ days }}d
            / nullif(cast(windows.order_count_{{ days }}d as double), 0)
                as lines_per_order_{{ days }}d,
            windows.category_visit_count_{{ days }}d
            / nullif(cast(windows.active_day_count_{{ days }}d as double), 0)
                as categories_per_day_{{ days }}d,
            cast(windows.basket_amount_{{ days }}d as double)
            / nullif(windows.order_count_{{ days }}d, 0)
                as basket_amount_per_order_{{ days }}d,
            cast(windows.discount_amount_{{ days }}d as double)
            / nullif(
                cast(
                    windows.net_amount_{{ days }}d
                    + windows.discount_amount_{{ days }}d as double
                ),
                0
            ) as discount_share_{{ days }}d,
            cast(windows.own_brand_amount_{{ days }}d as double)
            / nullif(cast(windows.basket_amount_{{ days }}d as double), 0)
                as own_brand_share_{{ days }}d,
            cast(windows.coupon_amount_{{ days }}d as double)
                as coupon_amount_{{ days }}d,
            windows.coupon_order_count_{{ days }}d,
        {% endfor -%}
        windows.location_visit_count_91d
        / nullif(cast(windows.active_day_count_91d as double), 0)
            as locations_per_day_91d,
        windows.weekend_day_count
        / cast(windows.active_day_count as double) as weekend_share,
        windows.order_hour_sum / cast(windows.order_count as double) as mean_order_hour,
        windows.fuel_order_count
        / cast(windows.order_count as double) as fuel_order_share,
        cast(windows.largest_day_amount as double) as largest_day_amount,
        {% for slot in range(1, var('department_slots') + 1) -%}
            departments.department_share_{{ slot }},
        {% endfor -%}
        coalesce(campaigns.contact_count, 0) as contact_count,
        coalesce(campaigns.open_contact_count, 0) as open_contact_count,
        campaigns.days_since_last_contact,
        coalesce(campaigns.redemption_count, 0) as redemption_count,
        coalesce(campaigns.redemption_count_91d, 0) as redemption_count_91d,
        coalesce(campaigns.redeemed_campaign_count, 0) as redeemed_campaign_count,
        campaigns.days_since_last_redemption,
        coalesce(campaigns.redeemed_campaign_count, 0)
        / nullif(cast(campaigns.contact_count as double), 0) as redeemed_campaign_share,
        {% for days in var('feature_windows').user_message -%}
            {% for kind in ['message', 'opened', 'clicked'] -%}
                coalesce(messages.{{ kind }}_count_{{ days }}d, 0)
                    as {{ kind }}_count_{{ days }}d,
            {% endfor -%}
        {% endfor -%}
        {% for days in var('feature_windows').visit -%}
            {% for kind in ['view', 'search', 'cart', 'looking_day'] -%}
                coalesce(visits.{{ kind }}_count_{{ days }}d, 0)
                    as {{ kind }}_count_{{ days }}d,
            {% endfor -%}
        {% endfor -%}
        visits.days_since_last_view,
        visits.days_since_last_cart,
        coalesce(visits.open_cart_count, 0) as open_cart_count,
        visits.ordered_visit_share,
        visits.app_visit_share,
        windows.as_of_date
    from windows
    inner join rhythm
        on
            windows.user_id = rhythm.user_id
            and windows.as_of_date = rhythm.as_of_date
    inner join rfm
        on windows.user_id = rfm.user_id and windows.as_of_date = rfm.as_of_date
    inner join blocks
        on windows.user_id = blocks.user_id and windows.as_of_date = blocks.as_of_date
    inner join users on windows.user_id = users.user_id
    {% for name in ['departments', 'campaigns', 'messages', 'visits'] -%}
        left join {{ name }}
            on
                windows.user_id = {{ name }}.user_id
                and windows.as_of_date = {{ name }}.as_of_date
    {% endfor -%}
)

select * from joined
