-- one row per event
with

source_rows as (
    select * from {{ source_rows('events') }}
),

contracted as (
    select
        event_id,
        user_id,
        session_id,
        product_id,
        event_type,
        channel,
        search_text,
        occurred_at
    from source_rows
)

select * from contracted
