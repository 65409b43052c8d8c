-- one row per row of events of contacts of the source, with its status
{% set columns = [
    'event_id', 'user_id', 'campaign_id', 'channel', 'event_type', 'bounce_kind',
    'occurred_at', 'updated_at',
] -%}
{% set required = ['event_id', 'user_id', 'event_type', 'occurred_at'] -%}
{% set key = ['event_id'] -%}
with

source_rows as (select * from {{ ref('intake_contact_events') }}),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(required, 'source_rows') }}
            when
                source_rows.event_type not in (
                    'sent', 'delivered', 'opened', 'clicked', 'bounced', 'unsubscribed',
                    'complained'
                )
                then 'event_type is none of a contact'
            {{ clock_fault('occurred_at', 'source_rows') }}
        end as fault
    from source_rows
),

{{ checked_rows(key, columns, often_unique='event_id') }}
