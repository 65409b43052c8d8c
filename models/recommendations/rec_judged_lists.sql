-- one row per test date, list, method, user and place: a product that the method shows
{% set length = var('recommendation_list_length') -%}
{% set baselines = {
    'bought_often': 'bought_day_count',
    'bought_often_lately': 'decayed_day_count_60d',
    'same_buyers': 'similarity_sum',
    'popularity': 'buyer_count_28d',
} -%}
with

dates as (
    select as_of_date from {{ ref('lbl_splits') }}
    where apart_split_name = 'test'
),

all_scores as (select * from {{ ref('ml_user_product__scores') }}),
snapshot as (select * from {{ ref('ftr_user_product__snapshot') }}),

scores as (
    select
        all_scores.user_id,
        all_scores.product_id,
        all_scores.score as strength,
        'recommender' as method,
        all_scores.task = 'buy_again_28d' as is_bought_before,
        dates.as_of_date
    from all_scores
    inner join dates on cast(all_scores.as_of_date as date) = dates.as_of_date
),

features as (
    select snapshot.*
    from snapshot
    inner join dates on snapshot.as_of_date = dates.as_of_date
),

united as (
    select * from scores
    {% for method, column in baselines.items() -%}
        union all
        select
            user_id,
            product_id,
            {{ column }} as strength,
            '{{ method }}' as method,
            bought_day_count > 0 as is_bought_before,
            as_of_date
        from features
        where {{ column }} > 0
    {% endfor %}
),

-- the best of both lists hold the best of all
halves as (
    select
        *,
        case when is_bought_before then 'buy_again' else 'new_to_you' end as list_name,
        row_number() over (
            partition by method, is_bought_before, user_id, as_of_date
            order by strength desc, product_id asc
        ) as half_rank
    from united
    qualify half_rank <= {{ length }}
),

lists as (
    select
        user_id,
        product_id,
        method,
        list_name,
        half_rank as list_rank,
        as_of_date
    from halves
    union all
    select
        user_id,
        product_id,
        method,
        'all' as list_name,
        row_number() over (
            partition by method, user_id, as_of_date
            order by strength desc, product_id asc
        ) as list_rank,
        as_of_date
    from halves
    qualify list_rank <= {{ length }}
)

select * from lists
