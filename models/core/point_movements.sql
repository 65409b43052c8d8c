-- one row per time that points were spent, given back, granted or withdrawn
-- depends_on: {{ ref('data_quality') }}
select
    movement_id,
    user_id,
    movement_type,
    cast(points as bigint) as points,
    order_id,
    cast({{ local_timestamp('moved_at') }} as date) as moved_on,
    moved_at
from {{ ref('int_point_movements_checked') }}
where row_status = 'kept'
