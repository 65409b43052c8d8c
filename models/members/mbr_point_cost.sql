-- one row per shop with rules: what points not spent yet will cost, less what lapses
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- what a point is worth today
worth as (
    select rules.amount_per_point
    from {{ ref('mbr_point_rules') }} as rules
    cross join scoring
    where
        rules.first_date <= scoring.as_of_date
        and coalesce(rules.next_date > scoring.as_of_date, true)
),

open_points as (
    select
        cast(count(*) as bigint) as member_count,
        coalesce(sum(pending_points), 0) as pending_points,
        coalesce(sum(greatest(available_points, 0)), 0) as available_points
    from {{ ref('member_points') }}
),

-- points whose last day is over: they were spent, or lapsed
ended as (
    select
        queued.user_id,
        cast(sum(queued.points) as double) as points
    from {{ ref('mbr_point_queue') }} as queued
    cross join scoring
    where queued.lapsing_on < scoring.as_of_date
    group by queued.user_id
),

lapsed as (
    select
        user_id,
        -cast(sum(available_change) as double) as points
    from {{ ref('point_ledger') }}
    where entry_kind = 'lapsed'
    group by user_id
),

by_member as (
    select
        ended.user_id,
        ended.points as ended_points,
        coalesce(lapsed.points, 0) as lapsed_points
    from ended
    left join lapsed on ended.user_id = lapsed.user_id
),

summed as (
    select
        cast(count(*) as bigint) as ended_member_count,
        sum(ended_points) as ended_points,
        sum(lapsed_points) / nullif(sum(ended_points), 0) as lapsed_share
    from by_member
),

-- the error of a ratio of sums over members
spread as (
    select
        sqrt(
            sum(power(
                by_member.lapsed_points
                - summed.lapsed_share * by_member.ended_points,
                2
            ))
        ) / nullif(max(summed.ended_points), 0) as standard_error
    from by_member
    cross join summed
),

-- of few members nothing is known, and all points are taken to be spent
shares as (
    select
        summed.ended_member_count,
        summed.lapsed_share,
        greatest(summed.lapsed_share - 1.96 * spread.standard_error, 0)
            as low_share,
        least(summed.lapsed_share + 1.96 * spread.standard_error, 1)
            as high_share
    from summed
    cross join spread
    where summed.ended_member_count >= {{ var('breakage_members') }}
),

typed as (
    select
        open_points.member_count,
        cast(open_points.pending_points as bigint) as pending_points,
        cast(open_points.available_points as bigint) as available_points,
        cast(coalesce(shares.ended_member_count, 0) as bigint) as ended_member_count,
        shares.lapsed_share,
        shares.low_share as lapsed_share_low,
        shares.high_share as lapsed_share_high,
        worth.amount_per_point * (1 - coalesce(shares.lapsed_share, 0))
            as cost_per_point,
        {% for name, share in {
            'expected_cost': 'lapsed_share',
            'expected_cost_low': 'high_share',
            'expected_cost_high': 'low_share',
        }.items() -%}
            cast(
                (open_points.pending_points + open_points.available_points)
                * worth.amount_per_point * (1 - coalesce(shares.{{ share }}, 0))
                as decimal(18, 2)
            ) as {{ name }},
        {% endfor -%}
        scoring.as_of_date
    from worth
    cross join open_points
    cross join scoring
    left join shares on shares.ended_member_count > 0
)

select * from typed
