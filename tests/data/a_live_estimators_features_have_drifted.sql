{{ config(severity='warn') }}

-- a reason to look and to fit anew, not to stop: what drifted may matter little
select
    grain,
    feature_name,
    stability_index,
    missing_share,
    baseline_missing_share,
    as_of_date
from {{ ref('feature_drift') }}
qualify
    verdict = 'drifted'
    and as_of_date = max(as_of_date) over (partition by grain)
