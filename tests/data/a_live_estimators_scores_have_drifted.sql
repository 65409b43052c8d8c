{{ config(severity='warn') }}

select
    task,
    estimator_name,
    stability_index,
    as_of_date
from {{ ref('score_drift') }}
qualify
    verdict = 'drifted'
    and as_of_date = max(as_of_date) over (partition by task)
