-- One row per welcome gift of points, and per order that points were spent on.
create or replace temp view point_movements as
with

orders as (
    select
        order_id,
        user_id,
        min(ordered_at) as ordered_at,
        sum(net_amount) as net_amount
    from read_parquet(getvariable('folder') || '/transactions.parquet')
    where user_id is not null and order_status = 'completed'
    group by order_id, user_id
),

-- points confirmed lately that may still be there
counted as (
    select
        order_id,
        user_id,
        ordered_at,
        row_number() over (
            partition by user_id order by ordered_at, order_id
        ) as order_number,
        cast(floor(coalesce(sum(greatest(net_amount, 0)) over (
            partition by user_id
            order by ordered_at
            range between interval 90 days preceding and interval 15 days preceding
        ), 0)) as bigint) as lately_earned
    from orders
)

select
    'G' || order_id as movement_id,
    user_id,
    'granted' as movement_type,
    cast(50 as bigint) as points,
    ordered_at as moved_at
from counted
where order_number = 1
union all
-- four members of ten keep their points until they lapse
select
    'S' || order_id as movement_id,
    user_id,
    'spent' as movement_type,
    cast(floor(
        lately_earned * (0.3 + 0.7 * uniform('points spent', order_id))
    ) as bigint) as points,
    ordered_at as moved_at
from counted
where
    lately_earned >= 10
    and uniform('spends points', user_id) < 0.6
    and uniform('points on an order', order_id) < 0.15
order by movement_id;
