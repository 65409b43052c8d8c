-- one row per task, active user and category or department, as of the scoring date
with

scores as (select * from {{ ref('ml_user_category__scores') }}),

typed as (
    select
        cast(task as string) as task,
        cast(user_id as string) as user_id,
        cast(category_name as string) as category_name,
        cast(estimator_name as string) as estimator_name,
        cast(estimator_version as string) as estimator_version,
        cast(
            row_number() over (
                partition by task, user_id order by score desc, category_name asc
            ) as bigint
        ) as score_rank,
        cast(score as double) as score,
        cast(as_of_date as date) as as_of_date
    from scores
)

select * from typed
