-- one row per review: the text to read
select
    review_id,
    user_id,
    review_text
from {{ ref('reviews') }}
