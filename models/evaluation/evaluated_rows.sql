-- one row per judged row and slice that it is in
with

predictions as (select * from {{ ref('estimator_predictions') }}),
slices as (select * from {{ ref('evaluated_slices') }}),

sliced as (
    select
        slices.slice_number,
        slices.label_kind,
        slices.is_baseline,
        -- inside it within_auc compares rows
        coalesce(
            predictions.campaign_id,
            predictions.category_name,
            case when predictions.product_id is not null then predictions.user_id end,
            ''
        ) as group_name,
        predictions.user_id,
        predictions.outcome,
        predictions.prediction
    from predictions
    inner join slices
        on
            predictions.task = slices.task
            and predictions.estimator_name = slices.estimator_name
            and predictions.split_name = slices.split_name
            and (slices.row_set = 'all' or predictions.is_outcome_final)
            and (
                slices.period = 'pooled'
                or slices.period = cast(predictions.as_of_date as string)
            )
)

select * from sliced
