-- one row per user and grid as-of date: what happened in the window that followed
with

as_of_dates as (
    select
        *,
        {{ days_after('as_of_date', var('lapse_horizon_days')) }} as label_end_date
    from {{ ref('ftr_as_of_dates') }}
    where is_grid_date
),

user_days as (
    select * from {{ ref('ftr_user__days') }}
),

users_seen as (
    select
        user_id,
        min(activity_date) as first_activity_date
    from user_days
    group by user_id
),

orders_ahead as (
    select distinct
        user_days.user_id,
        as_of_dates.as_of_date
    from as_of_dates
    inner join user_days
        on
            as_of_dates.as_of_date <= user_days.activity_date
            and as_of_dates.label_end_date > user_days.activity_date
),

labelled as (
    select
        users_seen.user_id,
        -- unknown while the window is open
        case
            when as_of_dates.label_end_date <= as_of_dates.scoring_date
                then orders_ahead.user_id is null
        end as is_lapsed_28d,
        as_of_dates.as_of_date,
        as_of_dates.label_end_date
    from as_of_dates
    inner join users_seen on as_of_dates.as_of_date > users_seen.first_activity_date
    left join orders_ahead
        on
            users_seen.user_id = orders_ahead.user_id
            and as_of_dates.as_of_date = orders_ahead.as_of_date
)

select * from labelled
