-- one row per time that a member spent points
-- depends_on: {{ ref('data_quality') }}
select
    spending_id,
    user_id,
    cast(points as bigint) as points,
    order_id,
    cast({{ local_timestamp('spent_at') }} as date) as spent_on,
    spent_at
from {{ ref('int_point_spendings_checked') }}
where row_status = 'kept'
