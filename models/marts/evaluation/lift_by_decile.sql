-- one row per metric_key of pooled rows and tenth of the rows, best first
with

evaluated as (
    select * from {{ ref('evaluated_rows') }}
    where label_kind = 'binary' and period = 'pooled'
),

-- equal predictions stand together, each with its share of a tenth
prediction_values as (
    select
        metric_key,
        task,
        estimator_name,
        split_name,
        row_set,
        prediction,
        cast(sum(outcome) as double) as positive_count,
        cast(count(*) as double) as row_count
    from evaluated
    group by metric_key, task, estimator_name, split_name, row_set, prediction
),

placed as (
    select
        *,
        sum(row_count) over (partition by metric_key order by prediction desc)
            as rows_down_to,
        sum(row_count) over (partition by metric_key) as rows_in_all
    from prediction_values
),

deciles as (
    {{ dbt.generate_series(10) }}
),

-- contacted so far: all rows above the end of the tenth
cut as (
    select
        placed.metric_key,
        placed.task,
        placed.estimator_name,
        placed.split_name,
        placed.row_set,
        deciles.generated_number as decile,
        sum(
            placed.positive_count * least(greatest(
                (
                    placed.rows_in_all * deciles.generated_number / 10.0
                    - (placed.rows_down_to - placed.row_count)
                ) / placed.row_count, 0
            ), 1)
        ) as positives_so_far,
        sum(placed.positive_count) as positives_in_all,
        max(placed.rows_in_all) as rows_in_all
    from placed
    cross join deciles
    group by
        placed.metric_key,
        placed.task,
        placed.estimator_name,
        placed.split_name,
        placed.row_set,
        deciles.generated_number
),

measured as (
    select
        metric_key,
        task,
        estimator_name,
        split_name,
        row_set,
        cast(decile as bigint) as decile,
        decile / 10.0 as contacted_share,
        round(positives_so_far, 9) as positive_count_so_far,
        round(positives_so_far / nullif(positives_in_all, 0), 12) as gain_share,
        round(
            positives_so_far / nullif(positives_in_all, 0) * 10.0 / decile, 12
        ) as lift,
        -- positives beyond what as many contacts at random would have met
        round(positives_so_far - positives_in_all * decile / 10.0, 9)
            as positives_beyond_random
    from cut
)

select * from measured
