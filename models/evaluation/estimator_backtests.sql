-- one row per task, estimator or rule, split, row set, period and metric
with

results as (
    select * from {{ ref('estimator_results') }}
),

listed as (
    select
        task,
        estimator_name,
        split_name,
        row_set,
        period,
        metric,
        best_rule_name,
        row_count,
        positive_count,
        metric_value,
        interval_low,
        interval_high,
        gain_over_rule,
        gain_low,
        gain_high,
        is_plain_rule,
        is_live
    from results
)

select * from listed
