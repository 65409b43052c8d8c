-- one row per as-of date with tiers: what its rows are for, until when they may learn
with

-- the windows of a date end with that of its last tier
ends as (
    select
        as_of_date,
        max(window_end_date) as label_end_date
    from {{ ref('ftr_tier__reviews') }}
    group by as_of_date
),

as_of_dates as (select * from {{ ref('as_of_dates') }}),

closed as (
    select
        ends.*,
        as_of_dates.is_window_apart,
        as_of_dates.scoring_date,
        ends.label_end_date <= as_of_dates.scoring_date as is_closed
    from ends
    inner join as_of_dates on ends.as_of_date = as_of_dates.as_of_date
),

-- the last dates, whole windows apart, whose outcome is known
tested as (
    select as_of_date from closed
    where is_closed and is_window_apart
    qualify
        row_number() over (order by as_of_date desc) <= {{ var('test_window_count') }}
),

first_test as (
    select min(as_of_date) as first_test_date from tested
),

validated as (
    select closed.as_of_date
    from closed
    inner join first_test on closed.label_end_date <= first_test.first_test_date
    qualify
        row_number() over (order by closed.as_of_date desc)
        <= {{ var('validation_date_count') }}
),

first_validation as (
    select min(as_of_date) as first_validation_date from validated
),

split as (
    select
        closed.as_of_date,
        closed.scoring_date,
        first_test.first_test_date,
        first_validation.first_validation_date,
        case
            when closed.as_of_date = closed.scoring_date then 'score'
            when tested.as_of_date is not null then 'test'
            when validated.as_of_date is not null then 'validation'
            when closed.is_closed and closed.is_window_apart then 'backtest'
        end as split_name
    from closed
    cross join first_test
    cross join first_validation
    left join tested on closed.as_of_date = tested.as_of_date
    left join validated on closed.as_of_date = validated.as_of_date
),

dated as (
    select
        split_name,
        case split_name
            when 'score' then scoring_date
            when 'test' then first_test_date
            when 'validation' then first_validation_date
            when 'backtest' then as_of_date
        end as train_until_date,
        as_of_date,
        scoring_date
    from split
)

select * from dated
