-- one row per token of an order and time that it was seen
-- depends_on: {{ ref('data_quality') }}
select
    order_id,
    user_id,
    token_kind,
    token,
    seen_at
from {{ ref('int_order_tokens_checked') }}
where row_status = 'kept'
