-- one row per rule by which the shop's orders earn points, with its days
with

rules as (
    select * from {{ ref('point_rules') }}
    where
        shop = '{{ active_source() }}'
        and {{ is_faultless(ref('plan_faults')) }}
),

typed as (
    select
        rules.point_rule,
        cast(rules.points_per_amount as decimal(18, 6)) as points_per_amount,
        cast(rules.amount_per_point as decimal(18, 6)) as amount_per_point,
        cast(rules.pending_days as bigint) as pending_days,
        cast(rules.lasting_days as bigint) as lasting_days,
        cast(rules.first_date as date) as first_date
    from rules
),

-- a rule holds until the next
dated as (
    select
        *,
        lead(first_date) over (order by first_date, point_rule) as next_date
    from typed
)

select * from dated
