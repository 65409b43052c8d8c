-- one row per product, location and count
-- depends_on: {{ ref('data_quality') }}
select
    product_id,
    location_id,
    on_hand,
    on_order,
    lead_time_days,
    -- below 0, more is promised than there is
    on_hand <= 0 as is_out_of_stock,
    cast({{ local_timestamp('counted_at') }} as date) as counted_on,
    counted_at
from {{ ref('int_stock_levels_checked') }}
where row_status = 'kept'
