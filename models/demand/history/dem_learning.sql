-- one row per product, week and weeks ahead of what forecasts are learnt from
{{ config(materialized="view") }}
select
    product_id,
    product_group,
    origin_week,
    weeks_ahead,
    is_before_validation,
    is_before_test,
    is_plan_known,
    units,
    usual_units,
    own_features,
    plan_features
from {{ ref('dem_features') }}
where split_name = 'learn' and units is not null
