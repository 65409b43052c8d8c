-- one row per token and account: when the account was first seen with it
{% set risk = var('risk') -%}
with

-- a token of an order was there when it was placed, whenever it was noted
seen as (
    select
        tokens.token_kind,
        tokens.token,
        tokens.user_id,
        min(
            least(tokens.seen_at, coalesce(orders.ordered_at, tokens.seen_at))
        ) as first_seen_at
    from {{ ref('order_tokens') }} as tokens
    left join {{ ref('orders') }} as orders
        on tokens.order_id = orders.order_id and tokens.user_id = orders.user_id
    where tokens.user_id is not null
    group by tokens.token_kind, tokens.token, tokens.user_id
),

numbered as (
    select
        *,
        row_number() over (
            partition by token_kind, token order by first_seen_at, user_id
        ) as account_number,
        lag(
            {{ instant_after('first_seen_at', risk.burst.days) }},
            {{ risk.burst.accounts - 1 }}
        ) over (partition by token_kind, token order by first_seen_at, user_id)
            as burst_until
    from seen
),

-- times, not states: whoever asks compares them with the time of an order
dated as (
    select
        token_kind,
        token,
        user_id,
        first_seen_at,
        min(
            case
                when account_number > {{ most_accounts('token_kind') }}
                    then first_seen_at
            end
        ) over (partition by token_kind, token) as place_at,
        min(
            case
                when account_number > {{ risk.household_accounts }} then first_seen_at
            end
        ) over (partition by token_kind, token) as crowded_at,
        min(
            case when burst_until > first_seen_at then first_seen_at end
        ) over (partition by token_kind, token) as burst_at
    from numbered
)

select * from dated
