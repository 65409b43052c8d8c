-- one row per event
-- depends_on: {{ ref('data_quality') }}
select
    event_id,
    user_id,
    session_id,
    product_id,
    event_type,
    channel,
    search_text,
    cast({{ local_timestamp('occurred_at') }} as date) as occurred_on,
    occurred_at
from {{ ref('int_events_checked') }}
where row_status = 'kept'
