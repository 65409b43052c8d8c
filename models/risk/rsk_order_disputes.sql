-- one row per order and rule about disputes that share a token with it, as of then
{% set victims = var('risk').victim_kinds | join("', '") -%}
with

rules as (select * from {{ ref('rsk_rules') }}),
orders as (select * from {{ ref('rsk_orders') }}),
tokens as (select * from {{ ref('order_tokens') }}),
disputes as (select * from {{ ref('order_disputes') }}),
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

-- whoever took an account over left a new device, the victim's card was there before
disputed_tokens as (
    select
        disputes.order_id as disputed_order_id,
        disputes.dispute_kind,
        disputes.reported_at,
        disputes.resolved_at,
        disputes.is_upheld,
        tokens.token_kind,
        tokens.token
    from disputes
    inner join tokens
        on
            disputes.order_id = tokens.order_id
            and {{ same_user('disputes.user_id', 'tokens.user_id') }}
    left join token_accounts
        on
            tokens.token_kind = token_accounts.token_kind
            and tokens.token = token_accounts.token
            and tokens.user_id = token_accounts.user_id
    where
        disputes.dispute_kind not in ('{{ victims }}')
        or coalesce(token_accounts.first_seen_at >= tokens.seen_at, true)
),

-- what is known of a dispute then: upheld, open, or reversed, which counts no more
known as (
    select distinct
        orders.order_id,
        orders.ordered_at,
        disputed_tokens.disputed_order_id,
        disputed_tokens.dispute_kind,
        disputed_tokens.reported_at,
        disputed_tokens.resolved_at,
        disputed_tokens.is_upheld,
        case
            when coalesce(disputed_tokens.resolved_at >= orders.ordered_at, true)
                then 'dispute_open'
            when disputed_tokens.is_upheld then 'dispute_upheld'
        end as rule
    from orders
    inner join tokens
        on
            orders.order_id = tokens.order_id
            and {{ same_user('orders.user_id', 'tokens.user_id') }}
    inner join disputed_tokens
        on
            tokens.token_kind = disputed_tokens.token_kind
            and tokens.token = disputed_tokens.token
    left join places
        on tokens.token_kind = places.token_kind and tokens.token = places.token
    where
        orders.ordered_at > disputed_tokens.reported_at
        and orders.order_id <> disputed_tokens.disputed_order_id
        and coalesce(places.place_at >= orders.ordered_at, true)
),

counted as (
    select
        known.order_id,
        known.rule,
        count(*) as rule_value,
        -- open ones that are all reversed by now say nothing more
        case
            when known.rule = 'dispute_open' and bool_and(known.is_upheld is false)
                then max(known.resolved_at)
        end as lapsed_at
    from known
    inner join rules on known.rule = rules.rule
    where
        known.reported_at
        > {{ instant_after('known.ordered_at', '-rules.window_days') }}
    group by known.order_id, known.rule
)

select
    order_id,
    rule,
    cast(rule_value as double) as rule_value,
    cast({{ local_timestamp('lapsed_at') }} as date) as lapses_on
from counted
