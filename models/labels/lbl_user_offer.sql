-- one row per offer, user and as-of date: what followed, and what the row is for
{% set test_days = 7 * var('campaign_test_weeks') -%}
{% set validation_days = 7 * var('campaign_validation_weeks') -%}
{% set observed_days = var('campaign_min_observed_days') %}
with

candidates as (select * from {{ ref('ftr_user_offer__candidates') }}),
offers as (select * from {{ ref('ftr_offers') }}),

scoring as (
    select as_of_date as scoring_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

users as (
    select
        user_id,
        first_order_id,
        as_of_date
    from {{ ref('ftr_user__windows') }}
),

-- of all users with an offer, contacted or not
offered_users as (
    select
        users.user_id,
        users.first_order_id
    from candidates
    inner join users
        on
            candidates.user_id = users.user_id
            and candidates.as_of_date = users.as_of_date
),

drawn_users as (
    {{ drawn_users('offered_users', 'user_offer') }}
),

responses as (select * from {{ ref('lbl_user_offer__responses') }}),

-- campaigns tested, and campaigns that ended before the first of them
split as (
    select
        offers.offer_id,
        offers.starts_on >= {{ days_after('scoring.scoring_date', -test_days) }}
        and offers.starts_on <= {{ days_after('scoring.scoring_date', -observed_days) }}
            as is_test,
        offers.starts_on
        >= {{ days_after('scoring.scoring_date', -(test_days + validation_days)) }}
        and offers.ends_on < {{ days_after('scoring.scoring_date', -test_days) }}
            as is_validation
    from offers
    cross join scoring
),

joined as (
    select
        candidates.user_id,
        users.first_order_id,
        candidates.offer_id,
        candidates.campaign_id,
        case
            when candidates.is_current then 'score'
            when split.is_test then 'test'
            when split.is_validation then 'validation'
        end as split_name,
        drawn_users.is_drawn,
        candidates.is_contacted,
        responses.has_redeemed_before,
        responses.is_redeemed_so_far,
        case
            when offers.ends_on < scoring.scoring_date then responses.is_redeemed_so_far
        end as is_redeemed,
        responses.is_responding_14d,
        {{ days_after('offers.ends_on', 1) }} as label_end_date,
        -- each campaign is predicted from those that had ended when it started
        case
            when candidates.is_current or split.is_test or split.is_validation
                then candidates.as_of_date
        end as train_until_date,
        candidates.as_of_date
    from candidates
    cross join scoring
    inner join offers on candidates.offer_id = offers.offer_id
    inner join split on candidates.offer_id = split.offer_id
    inner join users
        on
            candidates.user_id = users.user_id
            and candidates.as_of_date = users.as_of_date
    inner join drawn_users on candidates.user_id = drawn_users.user_id
    inner join responses
        on
            candidates.user_id = responses.user_id
            and candidates.offer_id = responses.offer_id
            and candidates.as_of_date = responses.as_of_date
)

select * from joined
