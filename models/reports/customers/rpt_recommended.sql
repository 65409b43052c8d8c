-- one row per list and category: to how many users products of it are recommended
with

recommended as (select * from {{ ref('product_recommendations') }}),
products as (select * from {{ ref('products') }}),

counted as (
    select
        recommended.list_name,
        coalesce(products.category, 'unknown') as category_name,
        cast(count(distinct recommended.user_id) as bigint) as user_count,
        cast(count(distinct recommended.product_id) as bigint) as product_count
    from recommended
    inner join products on recommended.product_id = products.product_id
    where recommended.list_rank <= {{ var('recommendation_list_length') }}
    group by recommended.list_name, products.category
),

published as (
    select
        list_name,
        category_name,
        cast(
            row_number() over (
                partition by list_name order by user_count desc, category_name asc
            ) as bigint
        ) as category_rank,
        {{ unless_few(['user_count', 'product_count']) }}
    from counted
)

select * from published
