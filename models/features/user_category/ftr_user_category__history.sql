-- one row per user, category or department bought before, and as-of date
with

-- whole windows apart: dates in between cost time and add no information
as_of_dates as (
    select as_of_date
    from {{ ref('as_of_dates') }}
    where is_window_apart
),

category_days as (select * from {{ ref('ftr_user_category__days') }}),

past_days as (
    select
        category_days.*,
        as_of_dates.as_of_date,
        {{ days_between('category_days.activity_date', 'as_of_dates.as_of_date') }}
            as days_ago
    from as_of_dates
    inner join category_days on as_of_dates.as_of_date > category_days.activity_date
),

summed as (
    select
        user_id,
        category_level,
        category_name,
        cast(count(*) as bigint) as bought_day_count,
        {% for days in var('feature_windows').user_category -%}
            {{ sum_within('1', days) }} as bought_day_count_{{ days }}d,
        {% endfor -%}
        cast(sum(line_count) as bigint) as bought_line_count,
        {{ sum_within('line_count', 91) }} as bought_line_count_91d,
        cast(sum(net_amount) as double) as bought_amount,
        cast({{ sum_within('net_amount', 91, 'decimal(18, 2)') }} as double)
            as bought_amount_91d,
        min(days_ago) as days_since_last_bought,
        max(days_ago) as days_since_first_bought,
        {{ days_between('max(previous_activity_date)', 'as_of_date') }}
            as days_since_second_last_bought,
        {{ days_between('max(second_previous_activity_date)', 'as_of_date') }}
            as days_since_third_last_bought,
        as_of_date
    from past_days
    group by user_id, category_level, category_name, as_of_date
),

described as (
    select
        *,
        (days_since_first_bought - days_since_last_bought)
        / nullif(cast(bought_day_count - 1 as double), 0) as mean_bought_gap_days,
        days_since_last_bought * (bought_day_count - 1) / nullif(
            cast(days_since_first_bought - days_since_last_bought as double), 0
        ) as silence_in_bought_gaps
    from summed
)

select * from described
