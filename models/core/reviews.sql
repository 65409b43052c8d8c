-- one row per review
-- depends_on: {{ ref('data_quality') }}
select
    review_id,
    user_id,
    product_id,
    review_text,
    language,
    rating,
    cast({{ local_timestamp('reviewed_at') }} as date) as reviewed_on,
    reviewed_at
from {{ ref('int_reviews_checked') }}
where row_status = 'kept'
