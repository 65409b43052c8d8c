-- one row per campaign, user and as-of date
{% set test_days = 7 * var('campaign_test_weeks') -%}
{% set validation_days = 7 * var('campaign_validation_weeks') -%}
{% set observed_days = var('campaign_min_observed_days') %}
with

candidates as (
    select * from {{ ref('ftr_user_campaign__candidates') }}
),

campaigns as (
    select * from {{ ref('ftr_campaigns') }}
),

as_of_dates as (
    select * from {{ ref('as_of_dates') }}
),

matches as (
    select * from {{ ref('ftr_user_campaign__matches') }}
),

covered_days as (
    select * from {{ ref('ftr_user_campaign__days') }}
),

responses as (
    select * from {{ ref('ftr_user_campaign__responses') }}
),

snapshot as (
    select * from {{ ref('ftr_user__snapshot') }}
),

-- campaigns tested, and campaigns that ended before the first of them
split as (
    select
        campaigns.campaign_id,
        campaigns.starts_on >= {{ days_after('as_of_dates.scoring_date', -test_days) }}
        and campaigns.starts_on
        <= {{ days_after('as_of_dates.scoring_date', -observed_days) }}
            as is_test,
        campaigns.starts_on
        >= {{ days_after('as_of_dates.scoring_date', -(test_days + validation_days)) }}
        and campaigns.ends_on
        < {{ days_after('as_of_dates.scoring_date', -test_days) }} as is_validation
    from campaigns
    cross join as_of_dates
    where as_of_dates.is_scoring_date
),

joined as (
    select
        candidates.campaign_id,
        candidates.is_contacted,
        responses.has_redeemed_before,
        campaigns.campaign_class,
        campaigns.coupon_count as campaign_coupon_count,
        campaigns.product_count as campaign_product_count,
        campaigns.duration_days as campaign_duration_days,
        coalesce(matches.covered_product_count, 0) as covered_product_count,
        coalesce(matches.covered_line_count, 0) as covered_line_count,
        coalesce(matches.covered_line_count_91d, 0) as covered_line_count_91d,
        coalesce(matches.matched_coupon_count, 0) as matched_coupon_count,
        coalesce(matches.matched_coupon_count, 0)
        / nullif(cast(campaigns.coupon_count as double), 0) as matched_coupon_share,
        coalesce(cast(matches.covered_amount as double), 0) as covered_amount,
        coalesce(covered_days.covered_day_count, 0) as covered_day_count,
        {% for days in [14, 28, 91, 182] -%}
            coalesce(covered_days.covered_day_count_{{ days }}d, 0)
                as covered_day_count_{{ days }}d,
        {% endfor -%}
        covered_days.days_since_last_covered,
        snapshot.*,
        responses.is_redeemed_so_far,
        case
            when campaigns.ends_on < as_of_dates.scoring_date
                then responses.is_redeemed_so_far
        end as is_redeemed,
        responses.is_responding_14d,
        {{ days_after('campaigns.ends_on', 1) }} as label_end_date,
        case
            when candidates.is_current then 'score'
            when split.is_test then 'test'
            when split.is_validation then 'validation'
        end as split_name,
        -- each campaign is predicted from those that had ended when it started
        case
            when candidates.is_current or split.is_test or split.is_validation
                then candidates.as_of_date
        end as train_until_date
    from candidates
    inner join campaigns on candidates.campaign_id = campaigns.campaign_id
    inner join as_of_dates on candidates.as_of_date = as_of_dates.as_of_date
    inner join split on candidates.campaign_id = split.campaign_id
    inner join snapshot
        on
            candidates.user_id = snapshot.user_id
            and candidates.as_of_date = snapshot.as_of_date
    inner join responses
        on
            candidates.user_id = responses.user_id
            and candidates.campaign_id = responses.campaign_id
            and candidates.as_of_date = responses.as_of_date
    left join matches
        on
            candidates.user_id = matches.user_id
            and candidates.campaign_id = matches.campaign_id
            and candidates.as_of_date = matches.as_of_date
    left join covered_days
        on
            candidates.user_id = covered_days.user_id
            and candidates.campaign_id = covered_days.campaign_id
            and candidates.as_of_date = covered_days.as_of_date
)

-- a panel is the whole snapshot and its labels: a list would be a second home of it
select * from joined  -- noqa: AM04
