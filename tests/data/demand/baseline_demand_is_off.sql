{{ config(severity='warn') }}

-- predicted and seen rates of windows without contact; as many windows as tell .02 from
-- chance (2026-11-29: .0072 for purchases, .0095 for orders on Complete Journey)
select
    event_name,
    window_count,
    predicted_rate,
    seen_rate,
    calibration_error
from {{ ref('baseline_demand_calibration') }}
where window_count >= 2500 and calibration_error > 0.02
