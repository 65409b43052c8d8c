-- one row per tier and as-of date of the grid: the review that decides next
with

rules as (select * from {{ ref('mbr_tier_rules') }}),

as_of_dates as (
    select
        as_of_date,
        scoring_date
    from {{ ref('as_of_dates') }}
    where is_grid_date
),

begun as (
    select
        rules.*,
        as_of_dates.as_of_date,
        {{ days_between('rules.first_date', 'as_of_dates.scoring_date') }} as begun_days
    from rules
    inner join as_of_dates on rules.first_date < as_of_dates.scoring_date
),

-- a review has decided once its grace is over
counted as (
    select
        *,
        cast(floor(
            greatest(begun_days - grace_days, 0) / cast(review_days as double)
        ) as bigint) * review_days as decided_days
    from begun
),

-- earlier dates are asked what is asked today: as if their reviews were as far away
moved as (
    select
        *,
        begun_days - decided_days as days_since_review
    from counted
),

dated as (
    select
        *,
        {{ days_after('as_of_date', '-days_since_review') }} as last_review_date,
        {{ days_after('as_of_date', 'review_days - days_since_review') }}
            as next_review_date,
        {{ days_after('as_of_date', 'review_days + grace_days - days_since_review') }}
            as window_end_date
    from moved
),

-- orders of so many days still count before the window ends
placed as (
    select
        tier,
        tier_rank,
        least_amount,
        pending_days,
        window_days,
        greatest(
            {{ days_between('as_of_date', 'window_end_date') }} - pending_days, 0
        ) as days_left,
        last_review_date,
        next_review_date,
        -- the best day on which an order of today may keep the tier
        least(
            greatest(
                next_review_date,
                {{ days_after('as_of_date', 'pending_days') }}
            ),
            {{ days_after('window_end_date', -1) }}
        ) as keeping_date,
        window_end_date,
        as_of_date
    from dated
)

select * from placed
