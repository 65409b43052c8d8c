-- one row per user active before, category or department, and as-of date
with

as_of_dates as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_window_apart
),

users as (
    select features.*
    from {{ ref('ftr_user__snapshot') }} as features
    inner join as_of_dates on features.as_of_date = as_of_dates.as_of_date
    where features.days_since_last_order <= {{ var('active_days') }}
),

windows as (select * from {{ ref('ftr_user__windows') }}),
categories as (select * from {{ ref('ftr_categories') }}),
history as (select * from {{ ref('ftr_user_category__history') }}),
popularity as (select * from {{ ref('ftr_category__popularity') }}),
visits as (select * from {{ ref('ftr_user_category__visits') }}),

joined as (
    select
        users.user_id,
        categories.category_level,
        categories.category_name,
        -- its name is a key, and here a feature
        categories.category_name as category,
        {% for column in [
            'bought_day_count', 'bought_day_count_14d', 'bought_day_count_28d',
            'bought_day_count_56d', 'bought_day_count_91d', 'bought_day_count_182d',
            'bought_line_count', 'bought_line_count_91d', 'bought_amount',
            'bought_amount_91d'
        ] -%}
            coalesce(history.{{ column }}, 0) as {{ column }},
        {% endfor -%}
        history.days_since_last_bought,
        history.days_since_first_bought,
        history.days_since_second_last_bought,
        history.days_since_third_last_bought,
        history.mean_bought_gap_days,
        history.silence_in_bought_gaps,
        coalesce(history.bought_day_count, 0)
        / cast(windows.active_day_count as double) as bought_day_share,
        {% for days in [28, 91] -%}
            coalesce(history.bought_day_count_{{ days }}d, 0)
            / nullif(cast(users.active_day_count_{{ days }}d as double), 0)
                as bought_day_share_{{ days }}d,
        {% endfor -%}
        coalesce(history.bought_day_count, 0)
        / cast(users.days_since_first_order as double) as bought_days_per_day,
        -- the baseline: the user's rate, as active as lately
        coalesce(history.bought_day_count, 0) * users.active_day_count_91d
        / cast(windows.active_day_count as double) as expected_bought_days,
        popularity.buyer_share_28d,
        popularity.buyer_share_91d,
        popularity.category_trend,
        {% for column in [
            'rfm_score', 'days_since_last_order', 'days_since_second_last_order',
            'days_since_first_order', 'days_since_fifth_last_order', 'mean_gap_days',
            'median_gap_days', 'mean_last_four_gap_days', 'silence_in_gaps',
            'active_day_count_7d', 'active_day_count_14d', 'active_day_count_28d',
            'active_day_count_56d', 'active_day_count_91d', 'active_day_count_182d',
            'active_week_count_91d', 'orders_per_day', 'net_amount_28d',
            'net_amount_91d', 'categories_per_day_28d', 'categories_per_day_91d',
            'lines_per_order_91d', 'basket_amount_per_order_91d'
        ] -%}
            users.{{ column }},
        {% endfor -%}
        {% for days in var('feature_windows').visit -%}
            {% for kind in ['view', 'cart'] -%}
                coalesce(visits.category_{{ kind }}_count_{{ days }}d, 0)
                    as category_{{ kind }}_count_{{ days }}d,
            {% endfor -%}
        {% endfor -%}
        visits.days_since_category_view,
        coalesce(visits.category_view_count_91d, 0)
        / nullif(cast(users.view_count_91d as double), 0) as category_view_share_91d,
        users.as_of_date
    from users
    inner join windows
        on
            users.user_id = windows.user_id
            and users.as_of_date = windows.as_of_date
    cross join categories
    left join popularity
        on
            categories.category_level = popularity.category_level
            and categories.category_name = popularity.category_name
            and users.as_of_date = popularity.as_of_date
    left join history
        on
            users.user_id = history.user_id
            and categories.category_level = history.category_level
            and categories.category_name = history.category_name
            and users.as_of_date = history.as_of_date
    left join visits
        on
            users.user_id = visits.user_id
            and categories.category_level = visits.category_level
            and categories.category_name = visits.category_name
            and users.as_of_date = visits.as_of_date
)

select * from joined
