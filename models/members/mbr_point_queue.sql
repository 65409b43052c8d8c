-- one row per order or grant whose points were confirmed, in the order of spending
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
        lots.lot_kind,
        lots.reference_id,
        lots.given_on,
        lots.confirmed_on,
        lots.lapsing_on,
        lots.points - coalesce(reversed_while_pending.points, 0) as points
    from lots
    left join reversed_while_pending
        on
            lots.reference_id = reversed_while_pending.order_id
            and lots.lot_kind = 'order'
),

queued as (
    select
        *,
        sum(points) over (
            partition by user_id
            order by confirmed_on, given_on, lot_kind, reference_id
            rows between unbounded preceding and current row
        ) as points_until
    from confirmed
    where points > 0
)

select * from queued
