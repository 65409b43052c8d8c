-- one row per task and feature that its champion reads
with

importance as (select * from {{ ref('ml_feature_importance') }}),

typed as (
    select
        cast(task as string) as task,
        cast(estimator_name as string) as estimator_name,
        cast(feature_name as string) as feature_name,
        cast(loss_metric as string) as loss_metric,
        cast(
            row_number() over (
                partition by task order by loss_increase desc, feature_name asc
            ) as bigint
        ) as importance_rank,
        cast(row_count as bigint) as row_count,
        cast(loss as double) as loss,
        cast(loss_increase as double) as loss_increase,
        cast(loss_increase_spread as double) as loss_increase_spread,
        cast(prediction_change as double) as prediction_change,
        cast(
            prediction_change
            / nullif(sum(prediction_change) over (partition by task), 0) as double
        ) as score_share
    from importance
)

select * from typed
