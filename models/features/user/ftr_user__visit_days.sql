-- one row per user and day with an event in app or site
with

events as (
    select * from {{ ref('events') }}
    where user_id is not null
),

order_days as (
    select
        user_id,
        activity_date
    from {{ ref('ftr_user__days') }}
),

event_days as (
    select
        user_id,
        occurred_on as activity_date,
        {% for count, kind in {
            'view_count': 'view',
            'search_count': 'search',
            'cart_count': 'add_to_cart',
            'removed_count': 'remove_from_cart',
        }.items() -%}
            cast(count(case when event_type = '{{ kind }}' then 1 end) as bigint)
                as {{ count }},
        {% endfor -%}
        coalesce(bool_or(channel = 'app'), false) as is_in_app
    from events
    group by user_id, occurred_on
),

-- the first day with an order from each day on
linked_days as (
    select
        coalesce(event_days.user_id, order_days.user_id) as user_id,
        event_days.view_count,
        event_days.search_count,
        event_days.cart_count,
        event_days.removed_count,
        event_days.is_in_app,
        coalesce(event_days.activity_date, order_days.activity_date) as activity_date,
        event_days.activity_date as visit_date,
        min(order_days.activity_date) over (
            partition by coalesce(event_days.user_id, order_days.user_id)
            order by
                coalesce(event_days.activity_date, order_days.activity_date)
            rows between current row and unbounded following
        ) as next_order_date
    from event_days
    full outer join order_days
        on
            event_days.user_id = order_days.user_id
            and event_days.activity_date = order_days.activity_date
),

visit_days as (
    select
        user_id,
        view_count,
        search_count,
        cart_count,
        removed_count,
        is_in_app,
        activity_date,
        next_order_date
    from linked_days
    where visit_date is not null
)

select * from visit_days
