-- one row per user, product bought before, and as-of date: each user's likeliest
with

users as (
    select * from {{ ref('ftr_user_product__users') }}
    where is_ranked
),

product_days as (select * from {{ ref('ftr_user_product__days') }}),

past_days as (
    select
        product_days.*,
        users.as_of_date,
        {{ days_between('product_days.activity_date', 'users.as_of_date') }} as days_ago
    from users
    inner join product_days
        on
            users.user_id = product_days.user_id
            and users.as_of_date > product_days.activity_date
),

summed as (
    select
        user_id,
        product_id,
        any_value(category) as category,
        cast(count(*) as bigint) as bought_day_count,
        {% for days in var('feature_windows').user_product -%}
            {{ sum_within('1', days) }} as bought_day_count_{{ days }}d,
        {% endfor -%}
        {% for days in var('recommendation_decay_days') -%}
            {{ decayed_sum('days_ago', days) }} as decayed_day_count_{{ days }}d,
        {% endfor -%}
        cast(sum(quantity) / count(*) as double) as quantity_per_day,
        cast(sum(net_amount) / count(*) as double) as amount_per_day,
        min(days_ago) as days_since_last_bought,
        max(days_ago) as days_since_first_bought,
        as_of_date
    from past_days
    group by user_id, product_id, as_of_date
),

described as (
    select
        *,
        (days_since_first_bought - days_since_last_bought)
        / nullif(cast(bought_day_count - 1 as double), 0) as mean_bought_gap_days,
        count(*) over (partition by user_id, as_of_date) as product_count,
        row_number() over (
            partition by user_id, as_of_date
            order by
                decayed_day_count_{{ var('recommendation_decay_days')[-1] }}d desc,
                days_since_last_bought asc,
                product_id asc
        ) as candidate_rank
    from summed
),

kept as (
    select * from described
    where candidate_rank <= {{ var('recommendation_candidates').bought }}
)

select * from kept
