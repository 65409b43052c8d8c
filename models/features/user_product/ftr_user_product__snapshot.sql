-- one row per user, candidate product, and as-of date: features of the pair
with

users as (
    select * from {{ ref('ftr_user_product__users') }}
    where is_ranked
),

user_features as (select * from {{ ref('ftr_user__snapshot') }}),
history as (select * from {{ ref('ftr_user_product__history') }}),
unbought as (select * from {{ ref('ftr_user_product__unbought') }}),
categories as (select * from {{ ref('ftr_user_product__categories') }}),
popularity as (select * from {{ ref('ftr_product__popularity') }}),
visits as (select * from {{ ref('ftr_user_product__visits') }}),

candidates as (
    select
        user_id,
        product_id,
        bought_day_count,
        {% for days in var('feature_windows').user_product -%}
            bought_day_count_{{ days }}d,
        {% endfor -%}
        {% for days in var('recommendation_decay_days') -%}
            decayed_day_count_{{ days }}d,
        {% endfor -%}
        quantity_per_day,
        amount_per_day,
        days_since_last_bought,
        days_since_first_bought,
        mean_bought_gap_days,
        product_count,
        candidate_rank,
        cast(null as double) as similarity_sum,
        cast(null as double) as most_similarity,
        cast(null as bigint) as similar_bought_count,
        cast(null as bigint) as similar_rank,
        as_of_date
    from history
    union all by name
    select
        user_id,
        product_id,
        0 as bought_day_count,
        similarity_sum,
        most_similarity,
        similar_bought_count,
        similar_rank,
        as_of_date
    from unbought
),

joined as (
    select
        candidates.*,
        candidates.days_since_last_bought
        / nullif(candidates.mean_bought_gap_days, 0) as silence_in_bought_gaps,
        candidates.days_since_last_bought
        / nullif(popularity.usual_gap_days, 0) as silence_in_usual_gaps,
        candidates.bought_day_count * user_features.active_day_count_91d
        / cast(user_features.days_since_first_order as double) as expected_bought_days,
        candidates.bought_day_count
        / nullif(cast(categories.category_day_count as double), 0)
            as bought_share_of_category,
        coalesce(categories.category_day_count, 0) as category_day_count,
        coalesce(categories.category_day_count_28d, 0) as category_day_count_28d,
        coalesce(categories.category_day_count_91d, 0) as category_day_count_91d,
        coalesce(categories.category_product_count_91d, 0)
            as category_product_count_91d,
        categories.days_since_category_bought,
        popularity.buyer_count,
        popularity.buyer_count_7d,
        popularity.buyer_count_28d,
        popularity.buyer_count_91d,
        popularity.first_buyer_count_28d,
        popularity.repeat_buyer_share,
        popularity.days_per_buyer,
        popularity.usual_gap_days,
        popularity.mean_price,
        popularity.days_since_last_sold,
        popularity.days_since_first_sold,
        user_features.active_day_count_28d,
        user_features.active_day_count_91d,
        user_features.days_since_last_order,
        user_features.days_since_first_order,
        user_features.lines_per_order_91d,
        user_features.net_amount_91d,
        {% for days in var('feature_windows').visit -%}
            {% for kind in ['view', 'cart'] -%}
                coalesce(visits.product_{{ kind }}_count_{{ days }}d, 0)
                    as product_{{ kind }}_count_{{ days }}d,
            {% endfor -%}
        {% endfor -%}
        visits.days_since_product_view,
        visits.days_in_cart
    from candidates
    inner join users
        on
            candidates.user_id = users.user_id
            and candidates.as_of_date = users.as_of_date
    inner join user_features
        on
            candidates.user_id = user_features.user_id
            and candidates.as_of_date = user_features.as_of_date
    inner join popularity
        on
            candidates.product_id = popularity.product_id
            and candidates.as_of_date = popularity.as_of_date
    left join categories
        on
            candidates.user_id = categories.user_id
            and popularity.category = categories.category
            and candidates.as_of_date = categories.as_of_date
    left join visits
        on
            candidates.user_id = visits.user_id
            and candidates.product_id = visits.product_id
            and candidates.as_of_date = visits.as_of_date
)

select * from joined
