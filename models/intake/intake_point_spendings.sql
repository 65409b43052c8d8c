-- one row per time that a member spent points
with

source_rows as (
    select * from {{ source_rows('point_spendings') }}
),

contracted as (
    select
        spending_id,
        {{ pseudonym('user_id') }} as user_id,
        points,
        order_id,
        spent_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
