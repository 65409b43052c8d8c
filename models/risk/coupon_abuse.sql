-- one row per coupon and component of linked accounts of which several used it
with

links as (
    select * from {{ ref('account_links') }}
    where component_size > 1
),

uses as (select * from {{ ref('rsk_coupon_uses') }}),

summed as (
    select
        uses.coupon_id,
        links.component_id,
        max(links.component_size) as component_size,
        count(distinct uses.user_id) as account_count,
        count(*) as use_count,
        sum(uses.coupon_amount) as coupon_amount,
        min(uses.used_at) as first_used_at,
        max(uses.used_at) as last_used_at
    from uses
    inner join links on uses.user_id = links.user_id
    group by uses.coupon_id, links.component_id
    having count(distinct uses.user_id) > 1
),

typed as (
    select
        coupon_id,
        component_id,
        cast(component_size as bigint) as component_size,
        cast(account_count as bigint) as account_count,
        cast(use_count as bigint) as use_count,
        cast(coupon_amount as decimal(18, 2)) as coupon_amount,
        account_count >= {{ var('risk').abuse_accounts }} as is_abuse,
        first_used_at,
        last_used_at
    from summed
)

select * from typed
