{{ config(severity='warn') }}

-- a reason to check the randomisation of control groups before launch: of sound campaigns
-- one in 1 / {{ var('experiment_min_sample_ratio_p_value') }} comes here
select
    campaign_id,
    treated_count,
    control_count,
    treated_share,
    sample_ratio_p_value
from {{ ref('ml_campaign_checks') }}
where sample_ratio_p_value < {{ var('experiment_min_sample_ratio_p_value') }}
