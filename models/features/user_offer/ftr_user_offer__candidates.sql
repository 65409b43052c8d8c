-- one row per offer, user and as-of date that redemption is learnt or scored on
with

offers as (select * from {{ ref('ftr_offers') }}),

-- of the shop's own campaigns: each is one offer under the campaign's id
contacts as (
    select
        campaign_id as offer_id,
        user_id,
        arm
    from {{ ref('campaign_arms') }}
),

contacted as (
    select
        offer_id,
        user_id
    from contacts
    where arm = 'treatment'
),

controls as (
    select
        offer_id,
        user_id
    from contacts
    where arm in ('control', 'both')
),

as_of_dates as (select * from {{ ref('as_of_dates') }}),

users as (
    select distinct
        user_id,
        as_of_date
    from {{ ref('ftr_user__windows') }}
),

-- history: contacted users, as of the start of the campaign
past_pairs as (
    select
        contacted.user_id,
        offers.offer_id,
        offers.campaign_id,
        false as is_current,
        true as is_contacted,
        offers.starts_on as as_of_date
    from contacted
    inner join offers on contacted.offer_id = offers.offer_id
    inner join users
        on contacted.user_id = users.user_id and offers.starts_on = users.as_of_date
    inner join as_of_dates
        on
            offers.starts_on = as_of_dates.as_of_date
            and not as_of_dates.is_scoring_date
),

-- now: every user and every offer open or planned, as of the scoring date, without
-- the control users of a campaign
open_offers as (
    select
        offers.offer_id,
        offers.campaign_id,
        as_of_dates.as_of_date
    from offers
    inner join as_of_dates
        on
            as_of_dates.is_scoring_date
            and (offers.is_planned or offers.starts_on <= as_of_dates.as_of_date)
            and offers.ends_on >= as_of_dates.as_of_date
),

current_pairs as (
    select
        users.user_id,
        open_offers.offer_id,
        open_offers.campaign_id,
        true as is_current,
        contacted.user_id is not null as is_contacted,
        open_offers.as_of_date
    from open_offers
    inner join users on open_offers.as_of_date = users.as_of_date
    left join contacted
        on
            users.user_id = contacted.user_id
            and open_offers.offer_id = contacted.offer_id
    anti join controls
        on
            users.user_id = controls.user_id
            and open_offers.offer_id = controls.offer_id
),

candidates as (
    select * from past_pairs
    union all
    select * from current_pairs
)

select * from candidates
