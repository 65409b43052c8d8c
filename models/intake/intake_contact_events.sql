-- one row per event of a contact
with

source_rows as (
    select * from {{ source_rows('contact_events') }}
),

contracted as (
    select
        event_id,
        {{ pseudonym('user_id') }} as user_id,
        campaign_id,
        channel,
        event_type,
        bounce_kind,
        occurred_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
