-- one row per order and kind of dispute
-- depends_on: {{ ref('data_quality') }}
select
    order_id,
    user_id,
    dispute_kind,
    reported_at,
    resolved_at,
    is_upheld
from {{ ref('int_order_disputes_checked') }}
where row_status = 'kept'
