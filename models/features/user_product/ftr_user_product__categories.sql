-- one row per user, category of products bought before, and as-of date
with

users as (
    select * from {{ ref('ftr_user_product__users') }}
    where is_ranked
),

product_days as (select * from {{ ref('ftr_user_product__days') }}),

category_days as (
    select
        user_id,
        category,
        cast(count(*) as bigint) as product_count,
        activity_date
    from product_days
    where category is not null
    group by user_id, category, activity_date
),

past_days as (
    select
        category_days.*,
        users.as_of_date,
        {{ days_between('category_days.activity_date', 'users.as_of_date') }}
            as days_ago
    from users
    inner join category_days
        on
            users.user_id = category_days.user_id
            and users.as_of_date > category_days.activity_date
),

summed as (
    select
        user_id,
        category,
        cast(count(*) as bigint) as category_day_count,
        {% for days in var('feature_windows').user_product -%}
            {{ sum_within('1', days) }} as category_day_count_{{ days }}d,
        {% endfor -%}
        {{ sum_within('product_count', 91) }} as category_product_count_91d,
        min(days_ago) as days_since_category_bought,
        as_of_date
    from past_days
    group by user_id, category, as_of_date
)

select * from summed
