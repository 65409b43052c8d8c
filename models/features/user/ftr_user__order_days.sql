-- one row per user and day: money of its orders, less what of them came back since
with

users_only as (
    select
        user_id,
        net_amount,
        margin_amount,
        is_buying,
        activity_date
    from {{ ref('ftr_order_days') }}
    where user_id is not null
)

select * from users_only
