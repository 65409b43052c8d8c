-- one row per user and as-of date: drawn, or to score; and whether products are ranked
{% set share = var('recommendation_learnt_share') -%}
{% set horizon = var('lapse_horizon_days') -%}
{% set late_days = horizon * var('test_window_count') -%}
{% set choice_days = late_days + horizon * var('validation_date_count') -%}
{% set days_left = days_between('users.as_of_date', 'as_of_dates.scoring_date') -%}
{% set key = "concat(users.first_order_id, '/', cast(users.as_of_date as string))" -%}
with

as_of_dates as (
    select * from {{ ref('as_of_dates') }}
    where is_window_apart
),

users as (
    select
        user_id,
        first_order_id,
        as_of_date
    from {{ ref('ftr_user__windows') }}
    where days_since_last_order <= {{ var('recommendation_active_days') }}
),

drawn_users as (
    {{ drawn_users('users', 'user') }}
),

flagged as (
    select
        users.user_id,
        users.first_order_id,
        drawn_users.is_drawn,
        drawn_users.is_drawn
        and case
            when {{ days_left }} between {{ late_days }} + 1 and {{ choice_days }}
                then {{ is_in_hashed_share(key, 'products', share.validation) }}
            else {{ is_in_hashed_share(key, 'products', share.users) }}
        end as is_learnt_from,
        -- lists of the newest dates are judged whole
        drawn_users.is_drawn and {{ days_left }} <= {{ late_days }} as is_judged,
        as_of_dates.is_scoring_date as is_scored,
        users.as_of_date
    from users
    inner join as_of_dates on users.as_of_date = as_of_dates.as_of_date
    inner join drawn_users on users.user_id = drawn_users.user_id
    where drawn_users.is_drawn or as_of_dates.is_scoring_date
),

told as (
    select
        *,
        is_learnt_from or is_judged or is_scored as is_ranked
    from flagged
)

select * from told
