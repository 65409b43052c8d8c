-- one row per user and as-of date: the gaps between the user's days with orders
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),
user_days as (select * from {{ ref('ftr_user__days') }}),

-- the gaps of a user add up: between any two days with orders lies their sum
linked_days as (
    select
        user_id,
        activity_date,
        previous_activity_date as second_last_date,
        {% for rank, name in [(3, 'third'), (5, 'fifth'), (10, 'tenth')] -%}
            lag(activity_date, {{ rank - 1 }}) over (
                partition by user_id order by activity_date
            ) as {{ name }}_last_date,
        {% endfor -%}
        {{ days_between('previous_activity_date', 'activity_date') }} as gap_days
    from user_days
),

summed as (
    select
        linked_days.user_id,
        as_of_dates.as_of_date,
        min(linked_days.activity_date) as first_date,
        max(linked_days.activity_date) as last_date,
        {% for name in ['second', 'third', 'fifth', 'tenth'] -%}
            max(linked_days.{{ name }}_last_date) as {{ name }}_last_date,
        {% endfor -%}
        cast(count(linked_days.gap_days) as bigint) as gap_count,
        -- sums of integers are exact in any order; the moments follow from them
        cast(sum(linked_days.gap_days * linked_days.gap_days) as bigint)
            as gap_square_sum,
        cast(max(linked_days.gap_days) as bigint) as longest_gap_days,
        cast(max(
            case
                when
                    linked_days.activity_date
                    >= {{ days_after('as_of_dates.as_of_date', -91) }}
                    then linked_days.gap_days
            end
        ) as bigint) as longest_gap_days_91d,
        percentile_cont(0.5) within group (order by linked_days.gap_days)
            as median_gap_days
    from as_of_dates
    inner join linked_days on as_of_dates.as_of_date > linked_days.activity_date
    group by linked_days.user_id, as_of_dates.as_of_date
),

counted as (
    select
        *,
        {% for name in ['second', 'third', 'fifth', 'tenth'] -%}
            {{ days_between(name ~ '_last_date', 'as_of_date') }}
                as days_since_{{ name }}_last_order,
        {% endfor -%}
        {{ days_between('last_date', 'as_of_date') }} as days_since_last_order,
        {{ days_between('second_last_date', 'last_date') }} as last_gap_days,
        case
            when gap_count > 0
                then {{ days_between('first_date', 'last_date') }}
        end as gap_sum,
        case
            when gap_count > 0
                then {{ days_between(
                    'coalesce(fifth_last_date, first_date)', 'last_date'
                ) }}
        end as last_four_gap_days
    from summed
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
    from counted
)

select * from described
