-- one row per judged row, row set (all or final outcomes) and period (pooled or a date)
with

predictions as (
    select * from {{ ref('estimator_predictions') }}
),

row_sets as (
    select
        *,
        'all' as row_set
    from predictions
    union all
    select
        *,
        'final' as row_set
    from predictions
    where is_outcome_final
),

periods as (
    select
        *,
        'pooled' as period
    from row_sets
    union all
    select
        *,
        cast(as_of_date as string) as period
    from row_sets
),

keyed as (
    select
        task,
        estimator_name,
        split_name,
        row_set,
        period,
        -- what the metrics group by, in one column
        concat_ws('/', task, estimator_name, split_name, row_set, period) as metric_key,
        campaign_id,
        user_id,
        outcome,
        prediction,
        is_plain_rule,
        as_of_date
    from periods
)

select * from keyed
