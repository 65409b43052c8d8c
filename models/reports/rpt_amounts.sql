-- one row per task of an amount and tenth of its test rows by predicted amount; tenths
-- of too few users stand together, without a number
with

champions as (
    select distinct
        task,
        estimator_name
    from {{ ref('estimator_results') }}
    where is_champion and split_name = 'test' and row_set = 'all'
),

amounts as (
    select task from {{ ref('learning_tasks') }}
    where label_kind = 'amount'
),

predictions as (
    select * from {{ ref('estimator_predictions') }}
    where split_name = 'test'
),

placed as (
    select
        predictions.task,
        predictions.estimator_name,
        predictions.user_id,
        ntile(10) over (
            partition by predictions.task
            order by
                predictions.prediction asc,
                predictions.user_id asc,
                predictions.as_of_date asc
        ) as tenth,
        predictions.prediction,
        predictions.outcome
    from predictions
    inner join amounts on predictions.task = amounts.task
    inner join champions
        on
            predictions.task = champions.task
            and predictions.estimator_name = champions.estimator_name
),

sized as (
    select
        task,
        tenth,
        count(distinct user_id) as user_count
    from placed
    group by task, tenth
),

shown as (
    select * from sized
    qualify {{ is_shown('user_count', 'task', 'tenth') }}
),

averaged as (
    select
        placed.task,
        placed.estimator_name,
        cast(shown.tenth as bigint) as tenth,
        cast(count(distinct placed.user_id) as bigint) as user_count,
        cast(count(*) as bigint) as row_count,
        round(avg(placed.prediction), 6) as mean_prediction,
        round(avg(placed.outcome), 6) as mean_outcome
    from placed
    left join shown on placed.task = shown.task and placed.tenth = shown.tenth
    group by placed.task, placed.estimator_name, shown.tenth
),

published as (
    select
        task,
        estimator_name,
        tenth,
        {{ unless_few(
            ['user_count', 'row_count', 'mean_prediction', 'mean_outcome']
        ) }}
    from averaged
)

select * from published
