-- one row per user with an order: points, tier and anniversary, as of the scoring date
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

buyers as (
    select
        user_id,
        min(order_date) as first_order_date
    from {{ ref('orders') }}
    where user_id is not null
    group by user_id
),

points as (select * from {{ ref('member_points') }}),

tiers as (
    select * from {{ ref('member_tiers') }}
    where is_current
),

-- an anniversary is a year or more after the first order, on the same day of the year
dated as (
    select
        buyers.user_id,
        scoring.as_of_date,
        greatest(
            extract(year from scoring.as_of_date)
            - extract(year from buyers.first_order_date)
            + case
                when
                    extract(month from scoring.as_of_date) * 100
                    + extract(day from scoring.as_of_date)
                    > extract(month from buyers.first_order_date) * 100
                    + extract(day from buyers.first_order_date)
                    then 1
                else 0
            end,
            1
        ) as coming_years,
        buyers.first_order_date
    from buyers
    cross join scoring
),

joined as (
    select
        dated.user_id,
        tiers.tier,
        {{ days_between('tiers.first_date', 'dated.as_of_date') }} as days_in_tier,
        {{ days_between('dated.as_of_date', 'tiers.next_date') }}
            as days_until_tier_ends,
        coalesce(points.available_points, 0) as available_points,
        coalesce(points.next_lapsing_points, 0) as next_lapsing_points,
        {{ days_between('dated.as_of_date', 'points.next_lapsing_on') }}
            as days_until_points_lapse,
        {{ days_between(
            'dated.as_of_date',
            'cast(' ~ dbt.dateadd(
                'month',
                'cast(12 * dated.coming_years as int)',
                'dated.first_order_date'
            ) ~ ' as date)'
        ) }} as days_until_anniversary
    from dated
    left join points on dated.user_id = points.user_id
    left join tiers on dated.user_id = tiers.user_id
)

select * from joined
