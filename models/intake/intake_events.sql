-- one row per event
with

source_rows as (
    select * from {{ source_rows('events') }}
),

own_names as (select * from {{ ref('intake_own_names') }}),

{{ with_published_text('search_text') }}

contracted as (
    select
        event_id,
        {{ pseudonym('user_id') }} as user_id,
        session_id,
        product_id,
        event_type,
        channel,
        published_text as search_text,
        occurred_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        {{ text_repairs('search_text') }}
    from redacted
)

select * from contracted
