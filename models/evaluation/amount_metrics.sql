-- one row per slice: how near predicted amounts are
with

evaluated as (
    select
        *,
        prediction - outcome as gap
    from {{ ref('evaluated_rows') }}
    where label_kind = 'amount'
),

summed as (
    select
        slice_number,
        cast(count(*) as double) as row_count,
        sum(gap * gap) as squared_error,
        sum(abs(gap)) as absolute_error,
        sum(outcome) as outcome_total,
        sum(outcome * outcome) as outcome_square_total,
        sum(prediction) as prediction_total
    from evaluated
    group by slice_number
),

-- sums of doubles differ in the last bits from run to run: rounded away
measured as (
    select
        slice_number,
        cast(row_count as bigint) as row_count,
        round(squared_error / row_count, 5) as mean_squared_error,
        round(absolute_error / row_count, 8) as mean_absolute_error,
        round(
            1 - squared_error / nullif(
                outcome_square_total - outcome_total * outcome_total / row_count, 0
            ), 10
        ) as r_squared,
        round(prediction_total / nullif(outcome_total, 0), 10) as total_ratio
    from summed
)

select * from measured
