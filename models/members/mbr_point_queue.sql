-- one row per order whose points were confirmed, in the order in which they are spent
with

lots as (select * from {{ ref('mbr_point_lots') }}),

reversed_while_pending as (
    select
        order_id,
        sum(points) as points
    from {{ ref('mbr_point_reversals') }}
    where is_pending
    group by order_id
),

confirmed as (
    select
        lots.user_id,
        lots.order_id,
        lots.order_date,
        lots.confirmed_on,
        lots.lapsing_on,
        lots.earned_points - coalesce(reversed_while_pending.points, 0) as points
    from lots
    left join reversed_while_pending
        on lots.order_id = reversed_while_pending.order_id
),

queued as (
    select
        *,
        sum(points) over (
            partition by user_id
            order by confirmed_on, order_date, order_id
            rows between unbounded preceding and current row
        ) as points_until
    from confirmed
    where points > 0
)

select * from queued
