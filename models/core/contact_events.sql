-- one row per event of a contact
-- depends_on: {{ ref('data_quality') }}
select
    event_id,
    user_id,
    campaign_id,
    channel,
    event_type,
    bounce_kind,
    cast({{ local_timestamp('occurred_at') }} as date) as occurred_on,
    occurred_at
from {{ ref('int_contact_events_checked') }}
where row_status = 'kept'
