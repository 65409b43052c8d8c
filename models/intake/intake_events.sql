-- one row per event
with

source_rows as (
    select * from {{ source_rows('events') }}
),

contracted as (
    select
        event_id,
        {{ pseudonym('user_id') }} as user_id,
        session_id,
        product_id,
        event_type,
        channel,
        search_text,
        occurred_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
