-- one row per month and move between tiers: members who made it; moves of too few
-- members stand together as "not shown"
with

tiers as (select * from {{ ref('member_tiers') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

neighbours as (
    select
        *,
        lag(tier) over (partition by user_id order by first_date) as former_tier,
        lag(next_date) over (partition by user_id order by first_date)
            as former_end_date,
        lead(first_date) over (partition by user_id order by first_date)
            as later_first_date
    from tiers
),

-- who has a time without a tier between leaves, and joins anew
moved as (
    select
        user_id,
        case when former_end_date = first_date then former_tier else 'no tier' end
            as former_tier,
        tier,
        change_kind,
        first_date as moved_on
    from neighbours
    union all
    select
        neighbours.user_id,
        neighbours.tier as former_tier,
        'no tier' as tier,
        'left' as change_kind,
        neighbours.next_date as moved_on
    from neighbours
    cross join scoring
    where
        neighbours.next_date <= scoring.as_of_date
        and coalesce(neighbours.later_first_date > neighbours.next_date, true)
),

dated as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'moved_on') }} as date) as month_starts_on
    from moved
),

counted as (
    select
        month_starts_on,
        former_tier,
        tier,
        cast(count(distinct user_id) as bigint) as user_count
    from dated
    group by month_starts_on, former_tier, tier
),

-- a member may make several moves in a month
shown as (
    select * from counted
    qualify {{ is_shown(
        'user_count', 'month_starts_on', "concat(former_tier, ':', tier)",
        hidden_users='max(case when ' ~ is_few('user_count')
            ~ ' then user_count else 0 end) over (partition by month_starts_on)'
    ) }}
),

pooled as (
    select
        dated.month_starts_on,
        coalesce(shown.former_tier, 'not shown') as former_tier,
        coalesce(shown.tier, 'not shown') as tier,
        case when shown.tier is not null then dated.change_kind else 'not shown' end
            as change_kind,
        cast(count(distinct dated.user_id) as bigint) as user_count
    from dated
    left join shown
        on
            dated.month_starts_on = shown.month_starts_on
            and dated.former_tier = shown.former_tier
            and dated.tier = shown.tier
    group by
        dated.month_starts_on,
        coalesce(shown.former_tier, 'not shown'),
        coalesce(shown.tier, 'not shown'),
        case when shown.tier is not null then dated.change_kind else 'not shown' end
),

published as (
    select
        pooled.month_starts_on,
        pooled.former_tier,
        pooled.tier,
        pooled.change_kind,
        case when not ({{ is_few('pooled.user_count') }}) then pooled.user_count end
            as user_count,
        scoring.as_of_date
    from pooled
    cross join scoring
)

select * from published
