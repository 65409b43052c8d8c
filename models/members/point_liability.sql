-- one row per shop with rules: what points not spent yet will cost, if told of enough
with

costs as (select * from {{ ref('mbr_point_cost') }}),

-- what few members have is nobody else's business
published as (
    select
        member_count,
        pending_points,
        available_points,
        ended_member_count,
        lapsed_share,
        lapsed_share_low,
        lapsed_share_high,
        cost_per_point,
        expected_cost,
        expected_cost_low,
        expected_cost_high,
        as_of_date
    from costs
    where
        not ({{ is_few('member_count') }})
        and not ({{ is_few('ended_member_count') }})
)

select * from published
