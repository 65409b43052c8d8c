-- one row per order and day on which money went back: the points that go with it
with

lots as (
    select
        *,
        reference_id as order_id
    from {{ ref('mbr_point_lots') }}
    where lot_kind = 'order'
),

refunds as (select * from {{ ref('mbr_refunds') }}),

running as (
    select
        lots.user_id,
        lots.order_id,
        lots.points as earned_points,
        lots.points_per_amount,
        lots.basket_amount,
        refunds.returned_on,
        refunds.returned_so_far,
        refunds.returned_on <= lots.confirmed_on as is_pending,
        refunds.returned_on > lots.lapsing_on as is_lapsed
    from lots
    inner join refunds on lots.order_id = refunds.order_id
),

-- what the order would have earned without what went back
left_over as (
    select
        *,
        cast(
            floor((basket_amount - returned_so_far) * points_per_amount)
            as bigint
        ) as points_left
    from running
),

reversed as (
    select
        user_id,
        order_id,
        returned_on,
        is_pending,
        is_lapsed,
        coalesce(
            lag(points_left) over (partition by order_id order by returned_on),
            earned_points
        ) - points_left as points
    from left_over
)

select * from reversed
where points > 0
