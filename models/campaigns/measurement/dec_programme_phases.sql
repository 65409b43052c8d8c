-- one row per phase: the programme since its first launch, and a placebo before it
with

launched as (select * from {{ ref('dec_launched_decisions') }}),
orders as (select * from {{ ref('orders') }}),

scoring as (
    select as_of_date as scoring_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- nothing launched yet: the programme would begin now
dated as (
    select
        scoring.scoring_date,
        coalesce(
            (select min(launched.launched_on) from launched), scoring.scoring_date
        ) as programme_starts_on,
        (select min(orders.order_date) from orders) as first_order_date
    from scoring
),

-- half of what is known before the launch at the most, so that the placebo has a past
counted as (
    select
        *,
        cast(least(
            {{ var('programme_placebo_weeks') }},
            floor({{ days_between('first_order_date', 'programme_starts_on') }} / 14.0)
        ) as int) as placebo_week_count
    from dated
),

united as (
    select
        'programme' as phase,
        cast(floor(
            {{ days_between('programme_starts_on', 'scoring_date') }} / 7.0
        ) as int) as week_count,
        programme_starts_on as starts_on
    from counted
    union all
    select
        'placebo' as phase,
        placebo_week_count as week_count,
        {{ days_after('programme_starts_on', '-7 * placebo_week_count') }} as starts_on
    from counted
)

select * from united
