-- one row per task, estimator or rule, split, row set and period: a slice of the rows
with

parts as (
    select distinct
        task,
        estimator_name,
        split_name,
        is_plain_rule,
        is_outcome_final,
        as_of_date
    from {{ ref('estimator_predictions') }}
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
    from parts
    where not is_outcome_final
),

row_sets as (
    select
        *,
        'all' as row_set
    from parts
    union all
    select
        parts.*,
        'final' as row_set
    from parts
    inner join still_open
        on
            parts.task = still_open.task
            and parts.split_name = still_open.split_name
    where parts.is_outcome_final
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

slices as (
    select distinct
        periods.task,
        periods.estimator_name,
        periods.split_name,
        periods.row_set,
        periods.period,
        tasks.label_kind,
        periods.is_plain_rule
    from periods
    inner join tasks on periods.task = tasks.task
),

numbered as (
    select
        cast(
            row_number() over (
                order by task, estimator_name, split_name, row_set, period
            ) as bigint
        ) as slice_number,
        *
    from slices
)

select * from numbered
