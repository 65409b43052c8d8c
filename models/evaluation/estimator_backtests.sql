-- one row per task, estimator or baseline, split, row set, period and metric
with

results as (select * from {{ ref('estimator_results') }}),

listed as (
    select
        task,
        estimator_name,
        split_name,
        row_set,
        period,
        metric,
        best_baseline_name,
        row_count,
        positive_count,
        metric_value,
        interval_low,
        interval_high,
        gain_over_baseline,
        gain_low,
        gain_high,
        is_baseline,
        is_champion
    from results
)

select * from listed
