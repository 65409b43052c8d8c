-- one row per order and kind of dispute
with

source_rows as (
    select * from {{ source_rows('order_disputes') }}
),

contracted as (
    select
        order_id,
        {{ pseudonym('user_id') }} as user_id,
        dispute_kind,
        reported_at,
        resolved_at,
        is_upheld,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
