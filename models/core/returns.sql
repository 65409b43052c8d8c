-- one row per part of a return or cancellation, matched with its sale line
-- depends_on: {{ ref('data_quality') }}
select
    return_id,
    transaction_id,
    order_id,
    user_id,
    product_id,
    return_kind,
    part_number,
    quantity,
    returned_amount,
    is_matched,
    is_same_day,
    order_date,
    returned_on,
    returned_at
from {{ ref('int_returns_matched') }}
