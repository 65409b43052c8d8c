-- one row per task and candidate
with

registry as (select * from {{ ref('ml_estimator_registry') }}),

typed as (
    select
        cast(task as string) as task,
        cast(estimator_name as string) as estimator_name,
        cast(estimator_version as string) as estimator_version,
        cast(status as string) as status,
        cast(status_reason as string) as status_reason,
        cast(best_baseline_name as string) as best_baseline_name,
        cast(feature_names as string) as feature_names,
        cast(parameters as string) as parameters,
        cast(library_versions as string) as library_versions,
        cast(data_fingerprint as string) as data_fingerprint,
        cast(score_sql as string) as score_sql,
        cast(random_seed as bigint) as random_seed,
        cast(training_row_count as bigint) as training_row_count,
        cast(validation_loss as double) as validation_loss,
        cast(validation_auc as double) as validation_auc,
        cast(validation_average_precision as double) as validation_average_precision,
        cast(validation_gain as double) as validation_gain,
        cast(validation_gain_low as double) as validation_gain_low,
        cast(first_as_of_date as date) as first_as_of_date,
        cast(last_as_of_date as date) as last_as_of_date,
        cast(train_until_date as date) as train_until_date
    from registry
)

select * from typed
