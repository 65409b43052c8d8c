-- one row per user and time in a tier, up to the scoring date
with

rules as (select * from {{ ref('mbr_tier_rules') }}),
spans as (select * from {{ ref('mbr_tier_spans') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

days as (
    select
        user_id,
        first_date as changed_on
    from spans
    union
    select
        user_id,
        end_date as changed_on
    from spans
),

-- who holds several tiers has the highest
highest as (
    select
        days.user_id,
        days.changed_on,
        coalesce(max(rules.tier_rank), 0) as tier_rank
    from days
    left join spans
        on
            days.user_id = spans.user_id
            and days.changed_on >= spans.first_date
            and days.changed_on < spans.end_date
    left join rules on spans.tier = rules.tier
    group by days.user_id, days.changed_on
),

compared as (
    select
        *,
        coalesce(
            lag(tier_rank) over (partition by user_id order by changed_on), 0
        ) as former_rank
    from highest
),

changed as (
    select
        *,
        nullif(
            lead(changed_on) over (partition by user_id order by changed_on),
            date '9999-12-31'
        ) as next_date
    from compared
    where tier_rank <> former_rank
),

typed as (
    select
        cast(changed.user_id as string) as user_id,
        cast(rules.tier as string) as tier,
        cast(case
            when changed.former_rank = 0 then 'joined'
            when changed.former_rank < changed.tier_rank then 'upgraded'
            else 'downgraded'
        end as string) as change_kind,
        cast(changed.tier_rank as bigint) as tier_rank,
        coalesce(changed.next_date > scoring.as_of_date, true) as is_current,
        cast(changed.changed_on as date) as first_date,
        cast(changed.next_date as date) as next_date,
        cast(scoring.as_of_date as date) as as_of_date
    from changed
    cross join scoring
    inner join rules on changed.tier_rank = rules.tier_rank
    where changed.changed_on <= scoring.as_of_date
)

select * from typed
