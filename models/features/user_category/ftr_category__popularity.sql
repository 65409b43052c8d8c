-- one row per category or department bought before, and as-of date
with

history as (select * from {{ ref('ftr_user_category__history') }}),
users as (select * from {{ ref('ftr_user__windows') }}),

user_counts as (
    select
        as_of_date,
        cast(count(*) as double) as user_count
    from users
    where days_since_last_order <= {{ var('active_days') }}
    group by as_of_date
),

summed as (
    select
        category_level,
        category_name,
        as_of_date,
        count(case when bought_day_count_28d > 0 then 1 end) as buyer_count_28d,
        count(case when bought_day_count_91d > 0 then 1 end) as buyer_count_91d,
        sum(bought_day_count_28d)
        / nullif(cast(sum(bought_day_count_91d) as double), 0) as category_trend
    from history
    group by category_level, category_name, as_of_date
),

shared as (
    select
        summed.category_level,
        summed.category_name,
        summed.buyer_count_28d / user_counts.user_count as buyer_share_28d,
        summed.buyer_count_91d / user_counts.user_count as buyer_share_91d,
        summed.category_trend,
        summed.as_of_date
    from summed
    inner join user_counts on summed.as_of_date = user_counts.as_of_date
)

select * from shared
