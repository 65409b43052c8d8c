-- one row per tier, user and day on which what counts towards it changes: how much
with

rules as (select * from {{ ref('mbr_tier_rules') }}),

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and basket_amount > 0
),

refunds as (select * from {{ ref('mbr_refunds') }}),

counted as (
    select
        rules.tier,
        rules.window_days,
        orders.user_id,
        orders.order_id,
        orders.basket_amount,
        {{ days_after('orders.order_date', 'rules.pending_days') }} as counts_from,
        {{ days_after(
            'orders.order_date', 'rules.pending_days + rules.window_days'
        ) }} as counts_until
    from orders
    cross join rules
),

-- what goes back leaves on the day of the refund, and once
refunded as (
    select
        counted.tier,
        counted.user_id,
        counted.counts_until,
        greatest(counted.counts_from, refunds.returned_on) as returned_on,
        refunds.returned_amount
    from counted
    inner join refunds on counted.order_id = refunds.order_id
    where refunds.returned_on < counted.counts_until
),

moved as (
    select
        tier,
        user_id,
        counts_from as changed_on,
        basket_amount as amount
    from counted
    union all
    select
        tier,
        user_id,
        counts_until as changed_on,
        -basket_amount as amount
    from counted
    union all
    select
        tier,
        user_id,
        returned_on as changed_on,
        -returned_amount as amount
    from refunded
    union all
    select
        tier,
        user_id,
        counts_until as changed_on,
        returned_amount as amount
    from refunded
),

by_day as (
    select
        tier,
        user_id,
        changed_on,
        sum(amount) as amount
    from moved
    group by tier, user_id, changed_on
),

running as (
    select
        tier,
        user_id,
        changed_on,
        cast(sum(amount) over (
            partition by tier, user_id
            order by changed_on
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as counted_amount,
        lead(changed_on) over (
            partition by tier, user_id
            order by changed_on
        ) as next_changed_on
    from by_day
)

select * from running
