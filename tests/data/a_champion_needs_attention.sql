{{ config(severity='warn') }}

-- a reason to look and to fit anew, not to stop; one feature alone is none
select
    task,
    estimator_name,
    advice,
    leading_feature_name
from {{ ref('rpt_drift') }}
where advice in ('look at the source', 'retrain now')
