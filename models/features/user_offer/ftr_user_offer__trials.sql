-- one row per offer, user and as-of date that uplift is learnt, judged or scored on
with

offers as (select * from {{ ref('ftr_offers') }}),

-- of the shop's own campaigns: each is one offer under the campaign's id
contacts as (
    select
        campaign_id as offer_id,
        user_id,
        arm
    from {{ ref('campaign_arms') }}
    where arm in ('treatment', 'control')
),

mixed as (
    select campaign_id as offer_id from {{ ref('campaign_calendar') }}
    where has_mixed_arms
),

windows as (select * from {{ ref('ftr_user__windows') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- users who had ordered before the campaign: others have no features
randomised as (
    select
        offers.offer_id,
        offers.campaign_id,
        contacts.user_id,
        contacts.arm,
        windows.as_of_date
    from offers
    cross join scoring
    inner join contacts on offers.offer_id = contacts.offer_id
    inner join windows
        on
            contacts.user_id = windows.user_id
            and offers.starts_on = windows.as_of_date
    anti join mixed on offers.offer_id = mixed.offer_id
    where offers.is_randomised and offers.starts_on < scoring.as_of_date
),

-- only randomised campaigns with a control group measure the effect of a contact
trials as (
    select offer_id
    from randomised
    group by offer_id
    having count(distinct arm) = 2
),

past_pairs as (
    select
        randomised.offer_id,
        randomised.campaign_id,
        randomised.user_id,
        false as is_current,
        randomised.as_of_date
    from randomised
    inner join trials on randomised.offer_id = trials.offer_id
),

-- open or coming offers for all users, if there is such a campaign
current_pairs as (
    select
        offers.offer_id,
        offers.campaign_id,
        windows.user_id,
        true as is_current,
        windows.as_of_date
    from offers
    inner join scoring on offers.ends_on >= scoring.as_of_date
    inner join windows on scoring.as_of_date = windows.as_of_date
    where exists (select trials.offer_id from trials)
),

united as (
    select * from past_pairs
    union all
    select * from current_pairs
)

select * from united
