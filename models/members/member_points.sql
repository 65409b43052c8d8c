-- one row per user who ever earned or spent points: what the user has
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

ledger as (select * from {{ ref('point_ledger') }}),
queued as (select * from {{ ref('mbr_point_queue') }}),

latest as (
    select
        user_id,
        pending_points,
        available_points
    from ledger
    qualify row_number() over (partition by user_id order by entry_number desc) = 1
),

confirmed as (
    select
        queued.user_id,
        queued.points,
        queued.points_until,
        queued.lapsing_on,
        sum(queued.points) over (partition by queued.user_id) as confirmed_points
    from queued
    cross join scoring
    where queued.confirmed_on < scoring.as_of_date
),

-- what is left of each order's points, when the oldest are gone
left_over as (
    select
        confirmed.user_id,
        confirmed.lapsing_on,
        least(
            confirmed.points,
            confirmed.points_until
            - (confirmed.confirmed_points - latest.available_points)
        ) as points
    from confirmed
    inner join latest on confirmed.user_id = latest.user_id
),

lapsing as (
    select
        user_id,
        lapsing_on,
        sum(points) as points
    from left_over
    where points > 0
    group by user_id, lapsing_on
),

next_lapsing as (
    select * from lapsing
    qualify row_number() over (partition by user_id order by lapsing_on) = 1
),

typed as (
    select
        cast(latest.user_id as string) as user_id,
        cast(latest.pending_points as bigint) as pending_points,
        cast(latest.available_points as bigint) as available_points,
        cast(coalesce(next_lapsing.points, 0) as bigint) as next_lapsing_points,
        cast(next_lapsing.lapsing_on as date) as next_lapsing_on,
        cast(scoring.as_of_date as date) as as_of_date
    from latest
    cross join scoring
    left join next_lapsing on latest.user_id = next_lapsing.user_id
)

select * from typed
