-- one row per metric_key of pooled rows and bin of predicted probability
with

evaluated as (
    select * from {{ ref('evaluated_rows') }}
    where
        label_kind = 'binary' and not is_plain_rule and period = 'pooled'
),

binned as (
    select
        metric_key,
        task,
        estimator_name,
        split_name,
        row_set,
        cast(least(floor(prediction * 10), 9) + 1 as bigint) as bin_number,
        cast(count(*) as bigint) as row_count,
        cast(sum(outcome) as bigint) as positive_count,
        round(avg(prediction), 12) as mean_prediction,
        round(avg(outcome), 12) as outcome_rate
    from evaluated
    group by
        metric_key,
        task,
        estimator_name,
        split_name,
        row_set,
        least(floor(prediction * 10), 9)
),

-- Wilson (1927): the interval of a rate, sound at 0 and 1 too
bounded as (
    select
        *,
        (outcome_rate + 1.9207294 / row_count) / (1 + 3.8414588 / row_count)
            as centre,
        1.959964 / (1 + 3.8414588 / row_count) * sqrt(
            outcome_rate * (1 - outcome_rate) / row_count
            + 0.9603647 / row_count / row_count
        ) as half_width
    from binned
),

measured as (
    select
        metric_key,
        task,
        estimator_name,
        split_name,
        row_set,
        bin_number,
        row_count,
        positive_count,
        mean_prediction,
        outcome_rate,
        round(greatest(centre - half_width, 0), 12) as rate_low,
        round(least(centre + half_width, 1), 12) as rate_high
    from bounded
)

select * from measured
