-- one row per product and place: a product that the same customers buy
with

pairs as (
    select pairs.*
    from {{ ref('ftr_product__similar') }} as pairs
    inner join {{ ref('as_of_dates') }} as as_of_dates
        on pairs.as_of_date = as_of_dates.as_of_date
    where as_of_dates.is_scoring_date
),

typed as (
    select
        cast(product_id as string) as product_id,
        cast(similar_product_id as string) as similar_product_id,
        cast(
            row_number() over (
                partition by product_id
                order by similarity desc, similar_product_id asc
            ) as bigint
        ) as similarity_rank,
        cast(similarity as double) as similarity,
        cast(as_of_date as date) as as_of_date
    from pairs
    -- fewer would tell of persons
    where common_buyer_count >= {{ var('minimum_cell_users') }}
)

select * from typed
