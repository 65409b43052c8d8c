-- one row per review
with

source_rows as (
    select * from {{ source_rows('reviews') }}
),

contracted as (
    select
        review_id,
        {{ pseudonym('user_id') }} as user_id,
        product_id,
        review_text,
        language,
        rating,
        reviewed_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
