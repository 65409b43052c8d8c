-- one row per task, champion or best baseline, and tenth of the test's rows
with

results as (select * from {{ ref('estimator_results') }}),

deciles as (
    select * from {{ ref('lift_by_decile') }}
    where split_name = 'test' and row_set = 'all'
),

judged as (
    select
        task,
        cast(count(distinct user_id) as bigint) as user_count
    from {{ ref('estimator_predictions') }}
    where split_name = 'test'
    group by task
),

champions as (
    select
        task,
        estimator_name,
        best_baseline_name
    from results
    -- each metric has a best baseline of its own
    where
        is_champion and split_name = 'test' and row_set = 'all'
        and period = 'pooled' and metric = 'average_precision'
),

curves as (
    select
        deciles.task,
        deciles.estimator_name,
        case
            when deciles.estimator_name = champions.estimator_name then 'champion'
            else 'best baseline'
        end as curve_kind,
        deciles.decile,
        judged.user_count,
        deciles.contacted_share,
        deciles.gain_share,
        deciles.lift
    from deciles
    inner join champions
        on
            deciles.task = champions.task
            and (
                deciles.estimator_name = champions.estimator_name
                or deciles.estimator_name = champions.best_baseline_name
            )
    inner join judged on deciles.task = judged.task
)

select * from curves
where user_count >= {{ var('minimum_cell_users') }}
