-- one row per slice: accuracy of the probabilities
with

evaluated as (
    select
        *,
        prediction >= 0.5 as is_flagged
    from {{ ref('evaluated_rows') }}
    where not is_baseline and label_kind = 'binary'
),

binned as (
    select
        slice_number,
        least(floor(prediction * 10), 9) as bin_number,
        count(*) as row_count,
        sum(outcome) as positive_count,
        sum(outcome - prediction) as gap,
        sum((prediction - outcome) * (prediction - outcome)) as squared_error,
        sum(-ln(greatest(
            case when outcome = 1 then prediction else 1 - prediction end, 1e-15
        ))) as log_loss,
        sum(case when is_flagged then 1.0 else 0.0 end) as flag_count,
        sum(case when is_flagged then outcome else 0.0 end) as hit_count
    from evaluated
    group by slice_number, least(floor(prediction * 10), 9)
),

summed as (
    select
        slice_number,
        cast(sum(row_count) as double) as row_count,
        sum(positive_count) as positive_count,
        sum(abs(gap)) as gap,
        sum(squared_error) as squared_error,
        sum(log_loss) as log_loss,
        cast(sum(flag_count) as double) as flag_count,
        sum(hit_count) as hit_count
    from binned
    group by slice_number
),

measured as (
    select
        slice_number,
        round(squared_error / row_count, 12) as brier,
        round(log_loss / row_count, 12) as log_loss,
        round(gap / row_count, 12) as calibration_error,
        round(
            (row_count - flag_count - positive_count + 2 * hit_count) / row_count, 12
        ) as accuracy_at_half,
        round(hit_count / nullif(flag_count, 0), 12) as precision_at_half,
        round(hit_count / nullif(positive_count, 0), 12) as recall_at_half,
        round(2 * hit_count / nullif(flag_count + positive_count, 0), 12) as f1_at_half
    from summed
)

select * from measured
