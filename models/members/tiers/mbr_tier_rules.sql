-- one row per tier of the shop's members, with its place from the lowest
with

rules as (
    select * from {{ ref('tier_rules') }}
    where
        shop = '{{ active_source() }}'
        and {{ is_faultless(ref('plan_faults')) }}
),

typed as (
    select
        rules.tier,
        cast(rules.least_amount as decimal(18, 2)) as least_amount,
        cast(rules.pending_days as bigint) as pending_days,
        cast(rules.window_days as bigint) as window_days,
        cast(rules.review_days as bigint) as review_days,
        cast(rules.grace_days as bigint) as grace_days,
        cast(rules.first_date as date) as first_date
    from rules
),

ranked as (
    select
        *,
        row_number() over (order by least_amount, tier) as tier_rank
    from typed
)

select * from ranked
