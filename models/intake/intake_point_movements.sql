-- one row per time that points were spent, given back, granted or withdrawn
with

source_rows as (
    select * from {{ source_rows('point_movements') }}
),

contracted as (
    select
        movement_id,
        {{ pseudonym('user_id') }} as user_id,
        movement_type,
        points,
        order_id,
        moved_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
