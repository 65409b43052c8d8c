-- one row per as-of date: the regular grid, and the start of each campaign
-- depends_on: {{ ref('data_quality') }}
with

campaigns as (select * from {{ ref('campaign_calendar') }}),

-- the day after the last order: only the past is known
data_span as (
    select
        first_order_date,
        {{ days_after('last_order_date', 1) }} as scoring_date
    from {{ ref('int_order_span') }}
),

steps as (
    {{ dbt.generate_series(var('as_of_count') + 1) }}
),

grid as (
    select
        {{ days_after(
            'data_span.scoring_date',
            '-' ~ var('as_of_step_days') ~ ' * (steps.generated_number - 1)'
        ) }} as as_of_date
    from data_span
    cross join steps
),

campaign_starts as (
    select distinct campaigns.starts_on as as_of_date
    from campaigns
    cross join data_span
    where campaigns.starts_on <= data_span.scoring_date
),

dates as (
    select as_of_date from grid
    union
    select as_of_date from campaign_starts
),

flagged as (
    select
        grid.as_of_date is not null as is_grid_date,
        campaign_starts.as_of_date is not null as is_campaign_start,
        dates.as_of_date = data_span.scoring_date as is_scoring_date,
        -- tables too large for every date of the grid use only these
        grid.as_of_date is not null
        and mod(
            {{ days_between('dates.as_of_date', 'data_span.scoring_date') }},
            {{ var('lapse_horizon_days') }}
        ) = 0 as is_window_apart,
        dates.as_of_date,
        data_span.scoring_date
    from dates
    cross join data_span
    left join grid on dates.as_of_date = grid.as_of_date
    left join campaign_starts on dates.as_of_date = campaign_starts.as_of_date
    where dates.as_of_date > data_span.first_order_date
)

select * from flagged
