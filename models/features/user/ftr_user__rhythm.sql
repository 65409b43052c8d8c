-- one row per user and as-of date: the gaps between the user's days with orders
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),
user_days as (select * from {{ ref('ftr_user__days') }}),

past_days as (
    select
        user_days.user_id,
        as_of_dates.as_of_date,
        {{ days_between('user_days.activity_date', 'as_of_dates.as_of_date') }}
            as days_ago,
        {{ days_between(
            'user_days.previous_activity_date', 'user_days.activity_date'
        ) }} as gap_days,
        row_number() over (
            partition by user_days.user_id, as_of_dates.as_of_date
            order by user_days.activity_date desc
        ) as recency_rank
    from as_of_dates
    inner join user_days on as_of_dates.as_of_date > user_days.activity_date
),

summed as (
    select
        user_id,
        as_of_date,
        cast(count(gap_days) as bigint) as gap_count,
        -- sums of integers are exact in any order; the moments follow from them
        cast(sum(gap_days) as bigint) as gap_sum,
        cast(sum(gap_days * gap_days) as bigint) as gap_square_sum,
        cast(max(gap_days) as bigint) as longest_gap_days,
        cast(max(case when days_ago <= 91 then gap_days end) as bigint)
            as longest_gap_days_91d,
        percentile_cont(0.5) within group (order by gap_days) as median_gap_days,
        cast(max(case when recency_rank = 1 then gap_days end) as bigint)
            as last_gap_days,
        cast(sum(case when recency_rank <= 4 then gap_days end) as bigint)
            as last_four_gap_days,
        cast(max(case when recency_rank = 2 then days_ago end) as bigint)
            as days_since_second_last_order,
        cast(max(case when recency_rank = 3 then days_ago end) as bigint)
            as days_since_third_last_order,
        cast(max(case when recency_rank = 5 then days_ago end) as bigint)
            as days_since_fifth_last_order,
        cast(max(case when recency_rank = 10 then days_ago end) as bigint)
            as days_since_tenth_last_order,
        min(days_ago) as days_since_last_order
    from past_days
    group by user_id, as_of_date
),

described as (
    select
        user_id,
        gap_count,
        longest_gap_days,
        longest_gap_days_91d,
        last_gap_days,
        days_since_second_last_order,
        days_since_third_last_order,
        days_since_fifth_last_order,
        days_since_tenth_last_order,
        median_gap_days,
        gap_sum / nullif(cast(gap_count as double), 0) as mean_gap_days,
        sqrt(
            greatest(
                gap_square_sum
                - gap_sum * gap_sum / nullif(cast(gap_count as double), 0),
                0
            )
            / nullif(cast(gap_count - 1 as double), 0)
        ) as gap_spread_days,
        last_four_gap_days
        / cast(least(gap_count, 4) as double) as mean_last_four_gap_days,
        days_since_last_order * gap_count / nullif(cast(gap_sum as double), 0)
            as silence_in_gaps,
        as_of_date
    from summed
)

select * from described
