-- one row per task and user, as of the scoring date
with

users as (select * from {{ ref('users') }}),
scores as (select * from {{ ref('ml_user__scores') }}),

tasks as (
    select task from {{ ref('learning_tasks') }}
    where grain = 'user' and label_kind = 'binary'
),

as_of_dates as (
    select * from {{ ref('as_of_dates') }}
    where is_scoring_date
),

rfm as (select * from {{ ref('ftr_user__rfm') }}),

joined as (
    select
        tasks.task,
        users.user_id,
        cast(scores.estimator_name as string) as estimator_name,
        cast(scores.estimator_version as string) as estimator_version,
        rfm.segment_name,
        case
            when scores.user_id is not null then 'scored'
            when rfm.user_id is null then 'no order yet'
            when rfm.recency_days > {{ var('active_days') }}
                then 'no order in {{ var("active_days") }} days'
            else 'no champion'
        end as score_status,
        scores.score,
        as_of_dates.as_of_date
    from tasks
    cross join users
    cross join as_of_dates
    left join scores
        on users.user_id = scores.user_id and tasks.task = scores.task
    left join rfm
        on
            users.user_id = rfm.user_id
            and as_of_dates.as_of_date = rfm.as_of_date
),

-- decile 1 is the tenth with the highest scores
deciles as (
    select
        task,
        user_id,
        cast(
            ntile(10)
                over (partition by task order by score desc, user_id asc)
            as bigint
        ) as score_decile
    from joined
    where score is not null
),

ranked as (
    select
        joined.task,
        joined.user_id,
        joined.estimator_name,
        joined.estimator_version,
        joined.segment_name,
        joined.score_status,
        deciles.score_decile,
        joined.score,
        joined.as_of_date
    from joined
    left join deciles
        on joined.user_id = deciles.user_id and joined.task = deciles.task
)

select * from ranked
