-- one row per task, split, row set and period: how many users are judged
with

firsts as (
    select
        task,
        split_name,
        min(estimator_name) as estimator_name
    from {{ ref('estimator_predictions') }}
    group by task, split_name
),

-- every estimator of a task is judged on the same rows of a split
judged as (
    select
        predictions.task,
        predictions.split_name,
        predictions.user_id,
        predictions.is_outcome_final,
        cast(predictions.as_of_date as string) as as_of_date
    from {{ ref('estimator_predictions') }} as predictions
    inner join firsts
        on
            predictions.task = firsts.task
            and predictions.split_name = firsts.split_name
            and predictions.estimator_name = firsts.estimator_name
),

laid_out as (
    {% for row_set, condition in {
        'all': 'true', 'final': 'is_outcome_final', 'open': 'not is_outcome_final'
    }.items() -%}
        {% for period in ["'pooled'", 'as_of_date'] -%}
            select
                task,
                split_name,
                '{{ row_set }}' as row_set,
                {{ period }} as period,
                user_id,
                count(*) as row_count
            from judged
            where {{ condition }}
            group by task, split_name, user_id{{ '' if loop.first else ', as_of_date' }}
            {{ 'union all' if not loop.last }}
        {% endfor -%}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        task,
        split_name,
        row_set,
        period,
        cast(count(*) as bigint) as user_count,
        cast(max(row_count) as bigint) as most_rows_per_user
    from laid_out
    group by task, split_name, row_set, period
)

select * from counted
