-- one row per judged row, row set and period
with

predictions as (
    select * from {{ ref('estimator_predictions') }}
),

tasks as (
    select
        task,
        label_kind
    from {{ ref('learning_tasks') }}
),

still_open as (
    select distinct
        task,
        split_name
    from predictions
    where not is_outcome_final
),

row_sets as (
    select
        *,
        'all' as row_set
    from predictions
    union all
    select
        predictions.*,
        'final' as row_set
    from predictions
    inner join still_open
        on
            predictions.task = still_open.task
            and predictions.split_name = still_open.split_name
    where predictions.is_outcome_final
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
    where split_name <> 'validation'
),

keyed as (
    select
        periods.task,
        periods.estimator_name,
        periods.split_name,
        periods.row_set,
        periods.period,
        -- what the metrics group by, in one column
        concat_ws(
            '/',
            periods.task,
            periods.estimator_name,
            periods.split_name,
            periods.row_set,
            periods.period
        ) as metric_key,
        tasks.label_kind,
        -- inside it within_auc compares rows
        coalesce(periods.campaign_id, periods.category_name, '') as group_name,
        periods.user_id,
        periods.outcome,
        periods.prediction,
        periods.is_plain_rule,
        periods.as_of_date
    from periods
    inner join tasks on periods.task = tasks.task
)

select * from keyed
