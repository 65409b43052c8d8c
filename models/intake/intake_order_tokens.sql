-- one row per token of an order and time that it was seen
with

source_rows as (
    select * from {{ source_rows('order_tokens') }}
),

contracted as (
    select
        order_id,
        {{ pseudonym('user_id') }} as user_id,
        token_kind,
        {{ pseudonym('token') }} as token,
        seen_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
