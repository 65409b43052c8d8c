-- one row per slice of pooled rows and tenth of the rows, best first
with

slices as (
    select * from {{ ref('evaluated_slices') }}
    where period = 'pooled' and is_shown
),

evaluated as (
    select * from {{ ref('evaluated_rows') }}
    where label_kind = 'binary'
),

-- equal predictions stand together, each with its share of a tenth
prediction_values as (
    select
        slice_number,
        prediction,
        cast(sum(outcome) as double) as positive_count,
        cast(count(*) as double) as row_count
    from evaluated
    group by slice_number, prediction
),

placed as (
    select
        *,
        sum(row_count) over (partition by slice_number order by prediction desc)
            as rows_down_to,
        sum(row_count) over (partition by slice_number) as rows_in_all
    from prediction_values
),

deciles as (
    {{ dbt.generate_series(10) }}
),

-- contacted so far: all rows above the end of the tenth
cut as (
    select
        placed.slice_number,
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
    group by placed.slice_number, deciles.generated_number
),

measured as (
    select
        cut.slice_number,
        slices.task,
        slices.estimator_name,
        slices.split_name,
        slices.row_set,
        cast(cut.decile as bigint) as decile,
        -- a tenth has so many rows, and no user more of them than this
        cast(floor(cut.rows_in_all / 10.0 / slices.most_rows_per_user) as bigint)
            as least_user_count,
        cut.decile / 10.0 as contacted_share,
        round(cut.positives_so_far, 9) as positive_count_so_far,
        round(cut.positives_so_far / nullif(cut.positives_in_all, 0), 12)
            as gain_share,
        round(
            cut.positives_so_far / nullif(cut.positives_in_all, 0) * 10.0 / cut.decile,
            12
        ) as lift,
        -- positives beyond those found by as many random contacts
        round(cut.positives_so_far - cut.positives_in_all * cut.decile / 10.0, 9)
            as positives_beyond_random
    from cut
    inner join slices on cut.slice_number = slices.slice_number
)

select * from measured
where least_user_count >= {{ var('minimum_cell_users') }}
