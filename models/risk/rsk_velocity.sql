-- one row per order and rule that counts in a window: the count, as of the order's time
{% set by_user = ['orders_of_user', 'payments_of_user'] -%}
{% set by_token = {
    'orders_of_device': 'device', 'payments_of_device': 'device',
    'accounts_of_device': 'device', 'accounts_of_payment': 'payment',
    'accounts_of_address': 'address',
} -%}
with

rules as (select * from {{ ref('rsk_rules') }}),
orders as (select * from {{ ref('rsk_orders') }}),
tokens as (select * from {{ ref('order_tokens') }}),
token_accounts as (select * from {{ ref('rsk_token_accounts') }}),

places as (
    select
        token_kind,
        token,
        min(place_at) as place_at
    from token_accounts
    where place_at is not null
    group by token_kind, token
),

entries as (
    select
        'orders_of_user' as rule,
        user_id as counted_for,
        order_id as item,
        ordered_at as entered_at
    from {{ ref('orders') }}
    where user_id is not null
    union all
    select
        'payments_of_user' as rule,
        user_id as counted_for,
        token as item,
        seen_at as entered_at
    from tokens
    where token_kind = 'payment' and user_id is not null
    union all
    select
        'orders_of_device' as rule,
        token as counted_for,
        order_id as item,
        min(seen_at) as entered_at
    from tokens
    where token_kind = 'device'
    group by token, order_id
    union all
    select
        'payments_of_device' as rule,
        devices.token as counted_for,
        payments.token as item,
        greatest(devices.seen_at, payments.seen_at) as entered_at
    from tokens as devices
    inner join tokens as payments
        on
            devices.order_id = payments.order_id
            and {{ same_user('devices.user_id', 'payments.user_id') }}
    where devices.token_kind = 'device' and payments.token_kind = 'payment'
    {% for kind in ['device', 'payment', 'address'] -%}
        union all
        select
            'accounts_of_{{ kind }}' as rule,
            token as counted_for,
            user_id as item,
            first_seen_at as entered_at
        from token_accounts
        where token_kind = '{{ kind }}'
    {% endfor -%}
),

-- an order's own tokens belong to it, even where they were noted a little later
asked as (
    {% for rule in by_user -%}
        select
            '{{ rule }}' as rule,
            user_id as counted_for,
            order_id,
            ordered_at as asked_at,
            cast(null as timestamp) as place_at
        from orders
        where user_id is not null
        union all
    {% endfor -%}
    {% for rule, kind in by_token.items() -%}
        select
            '{{ rule }}' as rule,
            tokens.token as counted_for,
            orders.order_id,
            greatest(orders.ordered_at, tokens.seen_at) as asked_at,
            places.place_at
        from orders
        inner join tokens
            on
                orders.order_id = tokens.order_id
                and {{ same_user('orders.user_id', 'tokens.user_id') }}
        left join places
            on tokens.token_kind = places.token_kind and tokens.token = places.token
        where tokens.token_kind = '{{ kind }}'
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

neighboured as (
    select
        entries.*,
        rules.window_days,
        lag(entries.entered_at) over same_item as before_at,
        lead(entries.entered_at) over same_item as after_at
    from entries
    inner join rules on entries.rule = rules.rule
    window
        same_item as (
            partition by entries.rule, entries.counted_for, entries.item
            order by entries.entered_at
        )
),

{{ counted_in_windows() }}

select
    order_id,
    rule,
    cast(max(item_count) as double) as rule_value,
    cast(null as date) as lapses_on
from counted
where order_id is not null
group by order_id, rule
