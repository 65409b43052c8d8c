-- one row per user active before a grid as-of date
{% set horizon = var('lapse_horizon_days') -%}
{% set test_days = horizon * var('test_window_count') -%}
{% set step = var('as_of_step_days') -%}
with

labels as (
    select * from {{ ref('ftr_user__labels') }}
),

snapshot as (
    select * from {{ ref('ftr_user__snapshot') }}
),

as_of_dates as (
    select * from {{ ref('ftr_as_of_dates') }}
    where is_grid_date
),

-- the test dates end where the data ends; the validation dates are the last whose
-- windows closed before the first test date
counted as (
    select
        as_of_date,
        scoring_date,
        {{ days_after('scoring_date', -test_days) }} as first_test_date,
        {{ days_after('scoring_date', -(
            test_days + horizon + step * (var('validation_date_count') - 1)
        )) }} as first_validation_date,
        {{ days_between('as_of_date', 'scoring_date') }} as days_left
    from as_of_dates
),

split as (
    select
        as_of_date,
        case
            when days_left = 0 then 'score'
            when days_left <= {{ test_days }} and mod(days_left, {{ horizon }}) = 0
                then 'test'
            when
                as_of_date >= first_validation_date
                and {{ days_after('as_of_date', horizon) }} <= first_test_date
                then 'validation'
        end as split_name,
        case
            when days_left = 0 then scoring_date
            when days_left <= {{ test_days }} and mod(days_left, {{ horizon }}) = 0
                then first_test_date
            when
                as_of_date >= first_validation_date
                and {{ days_after('as_of_date', horizon) }} <= first_test_date
                then first_validation_date
        end as train_until_date
    from counted
),

joined as (
    select
        snapshot.*,
        labels.is_lapsed_28d,
        labels.label_end_date,
        split.split_name,
        split.train_until_date
    from labels
    inner join split on labels.as_of_date = split.as_of_date
    inner join snapshot
        on
            labels.user_id = snapshot.user_id
            and labels.as_of_date = snapshot.as_of_date
    where snapshot.days_since_last_order <= {{ var('active_days') }}
)

-- a panel is the whole snapshot and its labels: a list would be a second home of it
select * from joined  -- noqa: AM04
