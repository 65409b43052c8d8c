-- one row per user, product and day on which it was viewed or moved in the cart
with

events as (
    select * from {{ ref('events') }}
    where
        user_id is not null
        and product_id is not null
        and event_type in ('view', 'add_to_cart', 'remove_from_cart')
),

product_days as (select * from {{ ref('ftr_user_product__days') }}),

-- the day's last event of the cart says whether it is in there
last_cart_events as (
    select
        user_id,
        product_id,
        event_type = 'add_to_cart' as is_left_in_cart,
        occurred_on
    from events
    where event_type in ('add_to_cart', 'remove_from_cart')
    qualify row_number() over (
        partition by user_id, product_id, occurred_on
        order by occurred_at desc, event_type desc, event_id desc
    ) = 1
),

-- few of all that is bought
carted as (
    select distinct
        user_id,
        product_id
    from last_cart_events
),

bought_days as (
    select
        product_days.user_id,
        product_days.product_id,
        product_days.activity_date
    from product_days
    inner join carted
        on
            product_days.user_id = carted.user_id
            and product_days.product_id = carted.product_id
),

event_days as (
    select
        user_id,
        product_id,
        cast(count(case when event_type = 'view' then 1 end) as bigint) as view_count,
        cast(count(case when event_type = 'add_to_cart' then 1 end) as bigint)
            as cart_count,
        occurred_on as activity_date
    from events
    group by user_id, product_id, occurred_on
),

joined as (
    select
        event_days.user_id,
        event_days.product_id,
        event_days.view_count,
        event_days.cart_count,
        last_cart_events.is_left_in_cart,
        event_days.activity_date
    from event_days
    left join last_cart_events
        on
            event_days.user_id = last_cart_events.user_id
            and event_days.product_id = last_cart_events.product_id
            and event_days.activity_date = last_cart_events.occurred_on
),

-- what is bought, or moved on another day, is in the cart no longer
changes as (
    select
        user_id,
        product_id,
        activity_date as changed_on,
        is_left_in_cart as is_put
    from joined
    where is_left_in_cart is not null
    union all
    select
        user_id,
        product_id,
        activity_date as changed_on,
        false as is_put
    from bought_days
),

spans as (
    select
        user_id,
        product_id,
        changed_on,
        bool_and(is_put) as is_in_cart,
        lead(changed_on) over (
            partition by user_id, product_id order by changed_on
        ) as in_cart_until_date
    from changes
    group by user_id, product_id, changed_on
),

visit_days as (
    select
        joined.user_id,
        joined.product_id,
        joined.view_count,
        joined.cart_count,
        coalesce(spans.is_in_cart, false) as is_in_cart,
        spans.in_cart_until_date,
        joined.activity_date
    from joined
    left join spans
        on
            joined.user_id = spans.user_id
            and joined.product_id = spans.product_id
            and joined.activity_date = spans.changed_on
)

select * from visit_days
