-- one row per month and kind of change: points earned, spent, lapsed or taken back
with

ledger as (select * from {{ ref('point_ledger') }}),
liability as (select * from {{ ref('point_liability') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- confirmed points only change from pending to available
changed as (
    select
        user_id,
        cast({{ dbt.date_trunc('month', 'occurred_on') }} as date) as month_starts_on,
        case
            when entry_kind in ('earned', 'granted') then 'points earned'
            when entry_kind = 'spent' then 'points spent'
            when entry_kind = 'lapsed' then 'points lapsed'
            else 'points taken back'
        end as change_kind,
        abs(pending_change + available_change) as points
    from ledger
    where entry_kind <> 'confirmed'
),

counted as (
    select
        month_starts_on,
        change_kind,
        cast(count(distinct user_id) as bigint) as user_count,
        cast(sum(points) as bigint) as point_count
    from changed
    group by month_starts_on, change_kind
),

months as (
    select
        month_starts_on,
        min(user_count) as least_user_count
    from counted
    group by month_starts_on
),

-- a month is shown whole, or changes and what is left would tell of a few; members of
-- two months may be the same
shown as (
    select * from months
    qualify {{ is_shown(
        'least_user_count', "'all'", 'month_starts_on',
        hidden_users='max(case when ' ~ is_few('least_user_count')
            ~ ' then least_user_count else 0 end) over ()'
    ) }}
),

published as (
    select distinct
        counted.month_starts_on,
        case
            when shown.month_starts_on is not null then counted.change_kind
            else 'not shown'
        end as change_kind,
        case when shown.month_starts_on is not null then counted.user_count end
            as user_count,
        case when shown.month_starts_on is not null then counted.point_count end
            as point_count,
        liability.member_count,
        liability.pending_points + liability.available_points as outstanding_count,
        liability.lapsed_share,
        liability.expected_cost,
        liability.expected_cost_low,
        liability.expected_cost_high,
        scoring.as_of_date
    from counted
    cross join scoring
    left join shown on counted.month_starts_on = shown.month_starts_on
    left join liability on scoring.as_of_date = liability.as_of_date
)

select * from published
