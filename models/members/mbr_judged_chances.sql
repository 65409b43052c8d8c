-- one row per chance judged and period of the test: what followed, what the pace says
with

periods as (
    select
        task,
        period,
        estimator_name
    from {{ ref('estimator_results') }}
    where
        task in ('reach_tier', 'lose_tier')
        and split_name = 'test'
        and row_set = 'all'
        and metric = 'brier'
        and is_champion
),

predictions as (
    select
        *,
        cast(as_of_date as string) as period
    from {{ ref('estimator_predictions') }}
    where split_name = 'test' and task in ('reach_tier', 'lose_tier')
),

-- the pace foretells that a tier is reached at 1, and that it is lost below
paired as (
    select
        champions.task,
        periods.period,
        champions.user_id,
        champions.outcome,
        champions.prediction,
        pace.prediction as pace,
        case
            when champions.task = 'reach_tier' and pace.prediction >= 1 then 1
            when champions.task = 'lose_tier' and pace.prediction > -1 then 1
            else 0
        end as pace_chance
    from predictions as champions
    inner join periods
        on
            champions.task = periods.task
            and champions.estimator_name = periods.estimator_name
            and periods.period in ('pooled', champions.period)
    inner join predictions as pace
        on
            champions.task = pace.task
            and champions.user_id = pace.user_id
            and champions.as_of_date = pace.as_of_date
            and pace.estimator_name = 'pace'
),

-- the pace at its best: each twentieth of it has the very share that came true
banded as (
    select
        *,
        least(floor(20 * percent_rank() over (
            partition by task, period order by pace
        )), 19) as band
    from paired
),

rated as (
    select
        *,
        avg(outcome) over (partition by task, period, band) as band_chance
    from banded
)

select * from rated
