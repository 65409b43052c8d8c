-- one row per token and two accounts that share it, in both directions
with

token_accounts as (select * from {{ ref('rsk_token_accounts') }}),

shared as (
    select
        one.token_kind,
        one.token,
        one.user_id,
        other.user_id as other_user_id,
        greatest(one.first_seen_at, other.first_seen_at) as linked_at,
        one.place_at,
        one.crowded_at,
        one.burst_at
    from token_accounts as one
    inner join token_accounts as other
        on one.token_kind = other.token_kind and one.token = other.token
    where
        one.user_id <> other.user_id
        -- what was a place before both had been there links nobody
        and coalesce(
            one.place_at > greatest(one.first_seen_at, other.first_seen_at), true
        )
),

together as (
    select
        user_id,
        other_user_id,
        min(case when token_kind = 'address' then linked_at end) as home_at,
        min(case when token_kind = 'payment' then linked_at end) as paid_at
    from shared
    group by user_id, other_user_id
),

-- a family shares a device at home; one means of payment, a crowd, or many accounts at
-- once on the device end that
dated as (
    select
        shared.token_kind,
        shared.token,
        shared.user_id,
        shared.other_user_id,
        shared.linked_at,
        shared.place_at,
        case when shared.token_kind = 'device' then together.home_at end as family_at,
        least(together.paid_at, shared.crowded_at, shared.burst_at) as unspared_at
    from shared
    inner join together
        on
            shared.user_id = together.user_id
            and shared.other_user_id = together.other_user_id
    where shared.token_kind <> 'address'
)

select * from dated
