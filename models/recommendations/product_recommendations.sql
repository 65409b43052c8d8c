-- one row per user, list and place: a product to recommend, and why
with

ranked as (select * from {{ ref('rec_ranked_products') }}),
products as (select * from {{ ref('products') }}),
snapshot as (select * from {{ ref('ftr_user_product__snapshot') }}),
history as (select * from {{ ref('ftr_user_product__history') }}),
pairs as (select * from {{ ref('ftr_product__similar') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

features as (
    select snapshot.*
    from snapshot
    inner join scoring on snapshot.as_of_date = scoring.as_of_date
),

-- of what the user buys, what says most for a new product
causes as (
    select
        ranked.user_id,
        ranked.product_id,
        history.product_id as because_product_id
    from ranked
    inner join history
        on
            ranked.user_id = history.user_id
            and cast(ranked.as_of_date as date) = history.as_of_date
    inner join pairs
        on
            history.product_id = pairs.product_id
            and history.as_of_date = pairs.as_of_date
            and ranked.product_id = pairs.similar_product_id
    where ranked.list_name = 'new_to_you'
    qualify row_number() over (
        partition by ranked.user_id, ranked.product_id
        order by
            pairs.similarity * least(history.decayed_day_count_60d, 3) desc,
            history.product_id asc
    ) = 1
),

described as (
    select
        ranked.user_id,
        ranked.list_name,
        ranked.list_rank,
        ranked.product_id,
        ranked.estimator_version,
        ranked.score,
        causes.because_product_id,
        coalesce(causing_products.product_name, causing_products.category)
            as because_name,
        products.category,
        features.bought_day_count,
        features.days_since_last_bought,
        features.category_day_count_91d,
        cast(round(features.mean_bought_gap_days) as bigint) as gap_days,
        coalesce(ranked.buyer_count_28d, features.buyer_count_28d) as buyer_count_28d,
        ranked.as_of_date
    from ranked
    inner join products on ranked.product_id = products.product_id
    left join features
        on
            ranked.user_id = features.user_id
            and ranked.product_id = features.product_id
    left join causes
        on
            ranked.user_id = causes.user_id
            and ranked.product_id = causes.product_id
    left join products as causing_products
        on causes.because_product_id = causing_products.product_id
),

typed as (
    select
        cast(user_id as string) as user_id,
        cast(list_name as string) as list_name,
        cast(list_rank as bigint) as list_rank,
        cast(product_id as string) as product_id,
        cast(because_product_id as string) as because_product_id,
        cast({{ recommendation_reason('en') }} as string) as reason_text,
        cast({{ recommendation_reason('zh') }} as string) as reason_text_zh,
        cast(estimator_version as string) as estimator_version,
        cast(score as double) as score,
        cast(as_of_date as date) as as_of_date
    from described
)

select * from typed
