-- one row per week that demand is forecast from, and what its forecasts are for
with

steps as (
    {{ dbt.generate_series(var('demand_history_weeks') + 1) }}
),

{% set test = var('demand_test') -%}
{% set inner = var('demand_validation') -%}
{% set last_test = 0 - test.weeks -%}
{% set first_test = last_test - test.origins + 1 -%}
{% set last_inner = first_test - inner.weeks -%}
{% set first_inner = last_inner - inner.origins + 1 -%}
first_week as (
    select min(week_number) as week_number from {{ ref('dem_place_sales') }}
),

-- with a quarter before it, or there is nothing to forecast from
origins as (
    select cast(1 - steps.generated_number as bigint) as origin_week
    from steps
    cross join first_week
    where
        steps.generated_number = 1
        or 1 - steps.generated_number >= first_week.week_number + 13
),

united as (
    select
        origin_week,
        'score' as split_name,
        8 as most_weeks_ahead
    from origins
    where origin_week = 0
    union all
    select
        origin_week,
        'test' as split_name,
        {{ test.weeks }} as most_weeks_ahead
    from origins
    where origin_week between {{ first_test }} and {{ last_test }}
    union all
    select
        origin_week,
        'validation' as split_name,
        {{ inner.weeks }} as most_weeks_ahead
    from origins
    where origin_week between {{ first_inner }} and {{ last_inner }}
    union all
    select
        origin_week,
        'learn' as split_name,
        8 as most_weeks_ahead
    from origins
    where origin_week < 0
),

bounded as (
    select
        *,
        cast({{ first_inner }} as bigint) as first_validation_week,
        cast({{ first_test }} as bigint) as first_test_week
    from united
)

select * from bounded
