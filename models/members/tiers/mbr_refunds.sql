-- one row per order and day on which money of it went back, with all until then
with

returned as (
    select
        order_id,
        returned_on,
        sum(returned_amount) as returned_amount
    from {{ ref('returns') }}
    where is_matched
    group by order_id, returned_on
),

-- no more counts than was paid for goods
running as (
    select
        orders.user_id,
        orders.order_id,
        orders.basket_amount,
        returned.returned_on,
        least(
            sum(returned.returned_amount) over (
                partition by orders.order_id
                order by returned.returned_on
                rows between unbounded preceding and current row
            ),
            orders.basket_amount
        ) as returned_so_far
    from returned
    inner join {{ ref('orders') }} as orders on returned.order_id = orders.order_id
    where orders.user_id is not null and orders.basket_amount > 0
),

stepped as (
    select
        user_id,
        order_id,
        returned_on,
        returned_so_far - coalesce(
            lag(returned_so_far) over (partition by order_id order by returned_on), 0
        ) as returned_amount,
        returned_so_far
    from running
)

select * from stepped
