-- one row per task, live estimator or best plain rule, and tenth of the test's rows
with

results as (
    select * from {{ ref('estimator_results') }}
),

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

live as (
    select
        task,
        estimator_name,
        best_rule_name
    from results
    -- each metric has a best rule of its own
    where
        is_live and split_name = 'test' and row_set = 'all'
        and period = 'pooled' and metric = 'average_precision'
),

curves as (
    select
        deciles.task,
        deciles.estimator_name,
        case
            when deciles.estimator_name = live.estimator_name then 'live estimator'
            else 'best plain rule'
        end as curve_kind,
        deciles.decile,
        judged.user_count,
        deciles.contacted_share,
        deciles.gain_share,
        deciles.lift
    from deciles
    inner join live
        on
            deciles.task = live.task
            and (
                deciles.estimator_name = live.estimator_name
                or deciles.estimator_name = live.best_rule_name
            )
    inner join judged on deciles.task = judged.task
)

select * from curves
where user_count >= {{ var('minimum_cell_users') }}
