-- one row per review
with

source_rows as (
    select * from {{ source_rows('reviews') }}
),

contracted as (
    select
        review_id,
        user_id,
        product_id,
        review_text,
        language,
        rating,
        reviewed_at
    from source_rows
)

select * from contracted
