-- one row per planned offer, user (drawn ones before now) and as-of date: a window
{% set task = var('response_tasks').without_discount -%}
with

offers as (
    select
        offers.offer_id,
        offers.discount_kind,
        {{ days_between('campaigns.starts_on', 'campaigns.ends_on') }} + 1
            as duration_days,
        sending.days_left
    from {{ ref('plan_offers') }} as offers
    inner join {{ ref('plan_campaigns') }} as campaigns
        on offers.campaign_id = campaigns.campaign_id
    inner join {{ ref('plan_send_dates') }} as sending
        on offers.campaign_id = sending.campaign_id
),

response_horizon as (
    select horizon_days from {{ ref('learning_tasks') }}
    where task = '{{ task }}'
),

measured_offers as (
    select distinct offer_id from {{ ref('user_uplift') }}
    where uplift_status = 'estimated'
),

-- the window of the score that is compared with it
offer_windows as (
    select
        offers.offer_id,
        case
            when offers.discount_kind = 'none' and measured_offers.offer_id is null
                then response_horizon.horizon_days
            else coalesce(offers.days_left, offers.duration_days)
        end as window_days
    from offers
    cross join response_horizon
    left join measured_offers on offers.offer_id = measured_offers.offer_id
),

dates as (
    select * from {{ ref('as_of_dates') }}
    where is_grid_date or is_scoring_date
),

users as (select * from {{ ref('ftr_user__windows') }}),

-- the chance is learnt from some, and told of everybody now
drawn_users as (
    {{ drawn_users('users', 'user') }}
),

panel as (
    select
        offer_windows.offer_id,
        users.user_id,
        offer_windows.window_days,
        users.active_day_count_91d,
        greatest(users.days_since_first_order, 1) as days_since_first_order,
        case
            {% for days in [7, 14, 28, 91] -%}
                when users.days_since_last_order <= {{ days }} then {{ days }}
            {% endfor -%}
            else 9999
        end as recency_days,
        {{ days_after('dates.as_of_date', 'offer_windows.window_days') }}
            as ends_before,
        {{ days_after('dates.as_of_date', 'offer_windows.window_days') }}
        <= dates.scoring_date as is_observed,
        -- now, and windows apart: as many as the test period of the estimators has
        dates.is_scoring_date
        or (
            dates.is_window_apart
            and {{ days_between('dates.as_of_date', 'dates.scoring_date') }}
            <= {{ var('test_window_count') * var('lapse_horizon_days') }}
        ) as is_target,
        dates.as_of_date
    from offer_windows
    cross join dates
    inner join users on dates.as_of_date = users.as_of_date
    inner join drawn_users on users.user_id = drawn_users.user_id
    where drawn_users.is_drawn or dates.is_scoring_date
)

select * from panel
