-- one row per judged or coming product and week ahead: what each method forecasts
with

features as (
    select * from {{ ref('dem_features') }}
    where split_name <> 'learn'
),

fits as (select * from {{ ref('ml_demand__fits') }}),

predicted as (
    select
        features.product_id,
        features.category,
        features.product_group,
        features.split_name,
        features.origin_week,
        features.weeks_ahead,
        features.week_number,
        features.is_plan_known,
        features.is_newly_promoted,
        features.units,
        features.mean_change,
        coalesce(features.mean_4, features.mean_8, features.smoothing) as mean_4,
        coalesce(features.mean_8, features.smoothing) as mean_8,
        features.smoothing,
        features.seasonal,
        {{ demand_regression('unplanned') }} as regression,
        case when features.is_plan_known then features.similar_units end
            as similar_weeks,
        case when features.is_plan_known then {{ demand_regression('planned') }} end
            as planned_regression
    from features
    left join fits as unplanned
        on
            features.split_name = unplanned.split_name
            and features.product_group = unplanned.product_group
            and not unplanned.reads_plan
    left join fits as planned
        on
            features.split_name = planned.split_name
            and features.product_group = planned.product_group
            and planned.reads_plan
)

select * from predicted
