-- one row per user, candidate product never bought, and as-of date
{% set most = var('recommendation_candidates') -%}
with

users as (select * from {{ ref('ftr_user_product__users') }}),
history as (select * from {{ ref('ftr_user_product__history') }}),
popularity as (select * from {{ ref('ftr_product__popularity') }}),
pairs as (select * from {{ ref('ftr_product__similar') }}),

-- the categories that a user buys most
categories as (
    select * from {{ ref('ftr_user_product__categories') }}
    where category_day_count_91d > 0
    qualify row_number() over (
        partition by user_id, as_of_date
        order by category_day_count_91d desc, category asc
    ) <= {{ most.category }}
),

first_days as (
    select
        user_id,
        product_id,
        min(activity_date) as first_bought_date
    from {{ ref('ftr_user_product__days') }}
    group by user_id, product_id
),

-- what people buy who buy the same; a product bought often counts three times at most
alike as (
    select
        history.user_id,
        pairs.similar_product_id as product_id,
        {{ exact_sum('pairs.similarity * least(history.decayed_day_count_60d, 3)') }}
            as similarity_sum,
        max(pairs.similarity) as most_similarity,
        cast(count(*) as bigint) as similar_bought_count,
        history.as_of_date
    from history
    inner join pairs
        on
            history.product_id = pairs.product_id
            and history.as_of_date = pairs.as_of_date
    group by history.user_id, pairs.similar_product_id, history.as_of_date
),

shelves as (
    select
        product_id,
        category,
        buyer_count_28d,
        row_number() over (
            partition by as_of_date order by buyer_count_28d desc, product_id asc
        ) as shop_rank,
        row_number() over (
            partition by category, as_of_date
            order by buyer_count_28d desc, product_id asc
        ) as category_rank,
        as_of_date
    from popularity
),

found as (
    select
        user_id,
        product_id,
        'similar' as source_name,
        similarity_sum as strength,
        as_of_date
    from alike
    union all
    select
        users.user_id,
        shelves.product_id,
        'popular' as source_name,
        cast(shelves.buyer_count_28d as double) as strength,
        users.as_of_date
    from users
    inner join shelves on users.as_of_date = shelves.as_of_date
    -- more than are kept, as some are bought already
    where users.is_ranked and shelves.shop_rank <= 5 * {{ most.popular }}
    union all
    select
        categories.user_id,
        shelves.product_id,
        'category' as source_name,
        cast(categories.category_day_count_91d * shelves.buyer_count_28d as double)
            as strength,
        categories.as_of_date
    from categories
    inner join shelves
        on
            categories.category = shelves.category
            and categories.as_of_date = shelves.as_of_date
    where shelves.category_rank <= {{ most.category }}
),

ranked as (
    select
        found.user_id,
        found.product_id,
        row_number() over (
            partition by found.user_id, found.as_of_date, found.source_name
            order by found.strength desc, found.product_id asc
        ) as source_rank,
        found.source_name,
        found.as_of_date
    from found
    left join first_days
        on
            found.user_id = first_days.user_id
            and found.product_id = first_days.product_id
            and found.as_of_date > first_days.first_bought_date
    where first_days.user_id is null
),

kept as (
    select
        user_id,
        product_id,
        min(case when source_name = 'similar' then source_rank end) as similar_rank,
        as_of_date
    from ranked
    where
        source_rank <= case source_name
            when 'similar' then {{ most.similar }}
            when 'popular' then {{ most.popular }}
            else {{ most.category }}
        end
    group by user_id, product_id, as_of_date
),

described as (
    select
        kept.user_id,
        kept.product_id,
        kept.similar_rank,
        coalesce(alike.similarity_sum, 0) as similarity_sum,
        coalesce(alike.most_similarity, 0) as most_similarity,
        coalesce(alike.similar_bought_count, 0) as similar_bought_count,
        kept.as_of_date
    from kept
    left join alike
        on
            kept.user_id = alike.user_id
            and kept.product_id = alike.product_id
            and kept.as_of_date = alike.as_of_date
)

select * from described
