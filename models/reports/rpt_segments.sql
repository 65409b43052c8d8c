-- one row per RFM segment with a user, as of the scoring date
with

rfm as (select * from {{ ref('ftr_user__rfm') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

counted as (
    select
        rfm.segment_name,
        cast(count(*) as bigint) as user_count,
        cast(sum(rfm.monetary_amount) as decimal(18, 2)) as total_amount,
        cast(avg(cast(rfm.monetary_amount as double)) as decimal(18, 2))
            as mean_amount,
        cast(avg(rfm.recency_days) as double) as mean_recency_days,
        rfm.as_of_date
    from rfm
    inner join scoring on rfm.as_of_date = scoring.as_of_date
    group by rfm.segment_name, rfm.as_of_date
),

shared as (
    select
        segment_name,
        user_count,
        round(user_count / cast(sum(user_count) over () as double), 12)
            as user_share,
        total_amount,
        round(
            cast(total_amount as double)
            / nullif(cast(sum(total_amount) over () as double), 0), 12
        ) as amount_share,
        mean_amount,
        round(mean_recency_days, 6) as mean_recency_days,
        as_of_date
    from counted
)

select * from shared
qualify {{ is_shown('user_count', 'as_of_date', 'segment_name') }}
