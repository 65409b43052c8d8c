{{ config(severity='warn') }}

-- a reason to look at how control groups are randomised before the campaign is launched: of sound
-- ones one in 1 / {{ var('experiment_min_sample_ratio_p_value') }} comes here
select
    campaign_id,
    treated_count,
    control_count,
    treated_share,
    sample_ratio_p_value
from {{ ref('campaign_checks') }}
where sample_ratio_p_value < {{ var('experiment_min_sample_ratio_p_value') }}
