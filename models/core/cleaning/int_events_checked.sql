-- one row per event row of the source, with its status
{% set columns = [
    'event_id', 'user_id', 'session_id', 'product_id', 'event_type', 'channel',
    'search_text', 'occurred_at', 'updated_at',
] -%}
{% set key = ['event_id'] -%}
with

source_rows as (
    {{ in_known_words(ref('intake_events'), columns, {
        'event_type': {'words': 'event_type', 'unknown': 'kept'},
    }) }}
),

known_products as (
    select product_id from {{ ref('int_products_completed') }}
),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(['event_id', 'event_type', 'occurred_at'], 'source_rows') }}
            when
                source_rows.product_id is not null
                and known_products.product_id is null
                then 'product_id is unknown'
            {{ clock_fault('occurred_at', 'source_rows') }}
        end as fault
    from source_rows
    left join known_products on source_rows.product_id = known_products.product_id
),

{{ checked_rows(key, columns, often_unique='event_id') }}
