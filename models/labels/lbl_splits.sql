-- one row per grid as-of date: what its rows are for, and until when they may learn
{% set horizon = var('lapse_horizon_days') -%}
{% set test_days = horizon * var('test_window_count') -%}
{% set step = var('as_of_step_days') -%}
{% set count = var('validation_date_count') -%}
with

as_of_dates as (
    select * from {{ ref('as_of_dates') }}
    where is_grid_date
),

-- the test dates end where the data ends; the validation dates are the last whose
-- windows closed before the first test date, steps apart or whole windows apart
counted as (
    select
        as_of_date,
        scoring_date,
        is_window_apart,
        {{ days_after('scoring_date', -test_days) }} as first_test_date,
        {{ days_after('scoring_date', -(test_days + horizon + step * (count - 1))) }}
            as first_validation_date,
        {{ days_after('scoring_date', -(test_days + horizon * count)) }}
            as first_apart_validation_date,
        {{ days_after('as_of_date', horizon) }} as label_end_date,
        {{ days_between('as_of_date', 'scoring_date') }} as days_left
    from as_of_dates
),

placed as (
    select
        *,
        case
            when days_left = 0 then 'score'
            when days_left <= {{ test_days }} and is_window_apart then 'test'
        end as late_split_name
    from counted
),

-- backtests add the dates before that lie whole windows apart
split as (
    select
        as_of_date,
        scoring_date,
        first_test_date,
        first_validation_date,
        first_apart_validation_date,
        is_window_apart,
        case
            when late_split_name is not null then late_split_name
            when
                as_of_date >= first_validation_date
                and label_end_date <= first_test_date
                then 'validation'
            when is_window_apart then 'backtest'
        end as split_name,
        case
            when late_split_name is not null then late_split_name
            when is_window_apart and as_of_date >= first_apart_validation_date
                then 'validation'
            when is_window_apart then 'backtest'
        end as apart_split_name
    from placed
),

dated as (
    select
        is_window_apart,
        split_name,
        apart_split_name,
        case split_name
            when 'score' then scoring_date
            when 'test' then first_test_date
            when 'validation' then first_validation_date
            when 'backtest' then as_of_date
        end as train_until_date,
        case apart_split_name
            when 'score' then scoring_date
            when 'test' then first_test_date
            when 'validation' then first_apart_validation_date
            when 'backtest' then as_of_date
        end as apart_train_until_date,
        as_of_date,
        scoring_date
    from split
)

select * from dated
