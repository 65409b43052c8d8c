-- one row per row of events of contacts of the source, with its status
{% set columns = [
    'event_id', 'user_id', 'campaign_id', 'channel', 'event_type', 'bounce_kind',
    'occurred_at', 'updated_at',
] -%}
{% set required = ['event_id', 'user_id', 'event_type', 'occurred_at'] -%}
{% set key = ['event_id'] -%}
with

source_rows as (
    {{ in_known_words(ref('intake_contact_events'), columns, {
        'event_type': {'words': 'contact_event', 'unknown': 'refused'},
        'channel': {'words': 'channel', 'unknown': 'emptied'},
        'bounce_kind': {'words': 'bounce_kind', 'unknown': 'emptied'},
    }) }}
),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(required, 'source_rows') }}
            {{ clock_fault('occurred_at', 'source_rows') }}
        end as fault
    from source_rows
),

{{ checked_rows(key, columns, often_unique='event_id') }}
