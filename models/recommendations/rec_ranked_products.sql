-- one row per user, list and product to show: own lists, or the popular ones
{% set length = var('recommendation_list_length') -%}
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

scores as (
    select scores.*
    from {{ ref('ml_user_product__scores') }} as scores
    inner join scoring on cast(scores.as_of_date as date) = scoring.as_of_date
),

exclusions as (select * from {{ ref('rec_excluded_products') }}),
unavailable as (select * from {{ ref('rec_unavailable_products') }}),
users as (select * from {{ ref('users') }}),

own as (
    select
        scores.user_id,
        case scores.task
            when 'buy_again_28d' then 'buy_again' else 'new_to_you'
        end as list_name,
        scores.product_id,
        scores.estimator_version,
        scores.score,
        scores.as_of_date
    from scores
    left join exclusions
        on
            scores.user_id = exclusions.user_id
            and scores.product_id = exclusions.product_id
    where exclusions.user_id is null
),

listed_users as (select distinct user_id from own),

popular_everywhere as (
    select
        popularity.product_id,
        popularity.buyer_count_28d,
        popularity.as_of_date
    from {{ ref('ftr_product__popularity') }} as popularity
    inner join scoring on popularity.as_of_date = scoring.as_of_date
    left join unavailable on popularity.product_id = unavailable.product_id
    where unavailable.product_id is null and popularity.buyer_count_28d > 0
    qualify
        row_number() over (
            order by popularity.buyer_count_28d desc, popularity.product_id asc
        ) <= {{ length }}
),

-- who has no list of their own: new, or long away
popular as (
    select
        users.user_id,
        'popular' as list_name,
        popular_everywhere.product_id,
        cast(null as string) as estimator_version,
        cast(null as double) as score,
        popular_everywhere.buyer_count_28d,
        popular_everywhere.as_of_date
    from users
    cross join popular_everywhere
    left join listed_users on users.user_id = listed_users.user_id
    where listed_users.user_id is null
),

united as (
    select
        *,
        cast(null as bigint) as buyer_count_28d
    from own
    union all by name
    select * from popular
),

ranked as (
    select
        *,
        row_number() over (
            partition by user_id, list_name
            order by
                score desc nulls last,
                buyer_count_28d desc nulls last,
                product_id asc
        ) as list_rank
    from united
),

kept as (
    select * from ranked
    where list_rank <= {{ length }}
)

select * from kept
