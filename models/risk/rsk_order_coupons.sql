-- one row per order with a coupon that linked accounts had used: how many, as of then
with

rules as (
    select * from {{ ref('rsk_rules') }}
    where rule = 'linked_coupon'
),

orders as (select * from {{ ref('rsk_orders') }}),
uses as (select * from {{ ref('rsk_coupon_uses') }}),
pairs as (select * from {{ ref('rsk_account_pairs') }}),

counted as (
    select
        orders.order_id,
        rules.rule,
        uses.coupon_id,
        count(distinct earlier.user_id) as rule_value
    from orders
    inner join uses on orders.order_id = uses.order_id
    inner join pairs on uses.user_id = pairs.user_id
    inner join uses as earlier
        on
            pairs.other_user_id = earlier.user_id
            and uses.coupon_id = earlier.coupon_id
    cross join rules
    where
        orders.ordered_at >= earlier.used_at
        and earlier.used_at
        > {{ instant_after('orders.ordered_at', '-rules.window_days') }}
        and {{ is_linked('orders.ordered_at') }}
    group by orders.order_id, rules.rule, uses.coupon_id
)

select
    order_id,
    rule,
    cast(max(rule_value) as double) as rule_value,
    cast(null as date) as lapses_on
from counted
group by order_id, rule
