-- one row per task, candidate or baseline and judged row
with

validation as (select * from {{ ref('ml_validation') }}),
test as (select * from {{ ref('ml_test') }}),

united as (
    select * from validation
    union all
    select * from test
),

typed as (
    select
        cast(task as string) as task,
        cast(estimator_name as string) as estimator_name,
        cast(split_name as string) as split_name,
        cast(user_id as string) as user_id,
        cast(campaign_id as string) as campaign_id,
        cast(category_name as string) as category_name,
        cast(product_id as string) as product_id,
        cast(outcome as double) as outcome,
        cast(prediction as double) as prediction,
        cast(is_baseline as boolean) as is_baseline,
        cast(is_outcome_final as boolean) as is_outcome_final,
        cast(train_until_date as date) as train_until_date,
        cast(as_of_date as date) as as_of_date
    from united
)

select * from typed
