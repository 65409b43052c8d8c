{{ config(severity='warn') }}

-- a reason to check and retrain, not to stop; one feature alone is no reason
select
    task,
    estimator_name,
    advice,
    leading_feature_name
from {{ ref('rpt_drift') }}
where advice in ('look at the source', 'retrain now')
