-- one row per rule by which the shop's orders earn points, with its days
with

rules as (
    select * from {{ ref('point_rules') }}
    where shop = '{{ active_source() }}'
),

faults as (select * from {{ ref('plan_faults') }}),

-- a faulty plan stops here, before any model that reads it
checked as (
    select {{ plan_verdict() }} as verdict from faults
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
    cross join checked
    where checked.verdict is null
),

-- a rule holds until the next
dated as (
    select
        *,
        lead(first_date) over (order by first_date, point_rule) as next_date
    from typed
)

select * from dated
