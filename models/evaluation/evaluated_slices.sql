-- one row per task, estimator or baseline, split, row set and period: a slice
with

parts as (
    select distinct
        task,
        estimator_name,
        split_name,
        is_baseline,
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

users_counted as (select * from {{ ref('evaluated_users') }}),

-- the difference between "all" and "final" must not be a few users either
open_users as (
    select
        task,
        split_name,
        min(user_count) as least_open_user_count
    from users_counted
    where row_set = 'open'
    group by task, split_name
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
        periods.is_baseline
    from periods
    inner join tasks on periods.task = tasks.task
),

counted as (
    select
        slices.*,
        users_counted.user_count,
        users_counted.most_rows_per_user,
        -- periods add up to the pool: publish all of them or none
        least(
            users_counted.user_count,
            case
                when slices.period = 'pooled' then users_counted.user_count
                else
                    min(users_counted.user_count) over (
                        partition by
                            slices.task, slices.estimator_name, slices.split_name,
                            slices.row_set
                    )
            end,
            case
                when slices.row_set = 'all' then users_counted.user_count
                else open_users.least_open_user_count
            end
        ) >= {{ var('minimum_cell_users') }} as is_shown
    from slices
    inner join users_counted
        on
            slices.task = users_counted.task
            and slices.split_name = users_counted.split_name
            and slices.row_set = users_counted.row_set
            and slices.period = users_counted.period
    left join open_users
        on
            slices.task = open_users.task
            and slices.split_name = open_users.split_name
),

numbered as (
    select
        cast(
            row_number() over (
                order by task, estimator_name, split_name, row_set, period
            ) as bigint
        ) as slice_number,
        *
    from counted
)

select * from numbered
