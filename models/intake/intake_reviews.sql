-- one row per review
with

source_rows as (
    select * from {{ source_rows('reviews') }}
),

own_names as (select * from {{ ref('intake_own_names') }}),

{{ with_published_text('review_text') }}

contracted as (
    select
        review_id,
        {{ pseudonym('user_id') }} as user_id,
        product_id,
        published_text as review_text,
        language,
        rating,
        reviewed_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        {{ text_repairs('review_text') }}
    from redacted
)

select * from contracted
