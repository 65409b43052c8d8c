-- one row per metric_key: how true the probabilities are
with

evaluated as (
    select * from {{ ref('evaluated_rows') }}
    where not is_plain_rule
),

binned as (
    select
        metric_key,
        least(floor(prediction * 10), 9) as bin_number,
        count(*) as row_count,
        sum(outcome - prediction) as gap,
        sum((prediction - outcome) * (prediction - outcome)) as squared_error,
        sum(-ln(greatest(
            case when outcome = 1 then prediction else 1 - prediction end, 1e-15
        ))) as log_loss
    from evaluated
    group by metric_key, least(floor(prediction * 10), 9)
),

measured as (
    select
        metric_key,
        round(sum(squared_error) / sum(row_count), 12) as brier,
        round(sum(log_loss) / sum(row_count), 12) as log_loss,
        round(sum(abs(gap)) / sum(row_count), 12) as calibration_error
    from binned
    group by metric_key
)

select * from measured
