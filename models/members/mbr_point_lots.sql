-- one row per order or grant that gave points: how many, when they count and lapse
with

rules as (select * from {{ ref('mbr_point_rules') }}),

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and basket_amount > 0
),

grants as (
    select * from {{ ref('point_movements') }}
    where movement_type in ('granted', 'given_back')
),

given as (
    select
        orders.user_id,
        'order' as lot_kind,
        orders.order_id as reference_id,
        rules.points_per_amount,
        orders.basket_amount,
        cast(floor(orders.basket_amount * rules.points_per_amount) as bigint) as points,
        orders.order_date as given_on,
        {{ days_after('orders.order_date', 'rules.pending_days') }} as confirmed_on,
        rules.lasting_days
    from orders
    inner join rules
        on
            orders.order_date >= rules.first_date
            and orders.order_date < coalesce(rules.next_date, date '9999-12-31')
    union all
    select
        grants.user_id,
        'grant' as lot_kind,
        grants.movement_id as reference_id,
        null as points_per_amount,
        null as basket_amount,
        grants.points,
        grants.moved_on as given_on,
        grants.moved_on as confirmed_on,
        rules.lasting_days
    from grants
    inner join rules
        on
            grants.moved_on >= rules.first_date
            and grants.moved_on < coalesce(rules.next_date, date '9999-12-31')
),

-- no points lapse before those that were confirmed earlier
dated as (
    select
        *,
        max({{ days_after('confirmed_on', 'lasting_days') }}) over (
            partition by user_id
            order by confirmed_on, given_on, lot_kind, reference_id
            rows between unbounded preceding and current row
        ) as lapsing_on
    from given
    where points > 0
)

select * from dated
