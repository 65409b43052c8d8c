-- members add up by tier, and tiers that are safe last; without orders that count later
with

current_tiers as (
    select
        user_id,
        tier,
        next_date
    from {{ ref('member_tiers') }}
    where is_current
),

rules as (
    select max(pending_days) as most_pending_days
    from {{ ref('mbr_tier_rules') }}
),

amounts as (
    select
        amounts.user_id,
        max(amounts.counted_amount) as counted_amount
    from {{ ref('mbr_tier_amounts') }} as amounts
    inner join {{ ref('tier_outlook') }} as outlook
        on amounts.user_id = outlook.user_id and amounts.tier = outlook.next_tier
    where
        amounts.changed_on <= outlook.as_of_date
        and coalesce(amounts.next_changed_on > outlook.as_of_date, true)
    group by amounts.user_id
)

select
    outlook.user_id,
    outlook.tier,
    current_tiers.tier as current_tier
from {{ ref('tier_outlook') }} as outlook
full join current_tiers on outlook.user_id = current_tiers.user_id
left join amounts on outlook.user_id = amounts.user_id
cross join rules
where
    outlook.tier is distinct from current_tiers.tier
    -- the ledger of amounts says the same of the next tier
    or (
        outlook.next_tier is not null
        and outlook.counted_amount <> coalesce(amounts.counted_amount, 0)
    )
    -- a safe tier does not end with this review, one at risk does
    or (
        (outlook.missing_to_keep_amount > 0)
        <> coalesce(current_tiers.next_date <= outlook.window_end_date, false)
        and rules.most_pending_days = 0
    )
