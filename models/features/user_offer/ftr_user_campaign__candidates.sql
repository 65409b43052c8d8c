-- one row per campaign, user and as-of date that redemption is learnt or scored on
with

campaigns as (
    select * from {{ ref('ftr_campaigns') }}
),

contacts as (
    select * from {{ ref('campaign_contacts') }}
    where arm = 'treatment'
),

holdouts as (
    select
        campaign_id,
        user_id
    from {{ ref('campaign_contacts') }}
    where arm = 'holdout'
),

as_of_dates as (
    select * from {{ ref('as_of_dates') }}
),

users as (
    select distinct
        user_id,
        as_of_date
    from {{ ref('ftr_user__windows') }}
),

-- history: who was contacted, seen from the start of the campaign
contacted as (
    select
        contacts.user_id,
        contacts.campaign_id,
        true as is_contacted,
        campaigns.starts_on as as_of_date
    from contacts
    inner join campaigns on contacts.campaign_id = campaigns.campaign_id
    inner join users
        on contacts.user_id = users.user_id and campaigns.starts_on = users.as_of_date
    inner join as_of_dates
        on
            campaigns.starts_on = as_of_dates.as_of_date
            and not as_of_dates.is_scoring_date
),

-- now: every user and every open campaign, seen from the scoring date; whoever a
-- campaign holds out stays out
open_campaigns as (
    select
        campaigns.campaign_id,
        as_of_dates.as_of_date
    from campaigns
    inner join as_of_dates
        on
            as_of_dates.is_scoring_date
            and (
                campaigns.is_planned
                or campaigns.starts_on <= as_of_dates.as_of_date
            )
            and campaigns.ends_on >= as_of_dates.as_of_date
),

current_pairs as (
    select
        users.user_id,
        open_campaigns.campaign_id,
        contacts.user_id is not null as is_contacted,
        open_campaigns.as_of_date
    from open_campaigns
    inner join users on open_campaigns.as_of_date = users.as_of_date
    left join contacts
        on
            users.user_id = contacts.user_id
            and open_campaigns.campaign_id = contacts.campaign_id
    anti join holdouts
        on
            users.user_id = holdouts.user_id
            and open_campaigns.campaign_id = holdouts.campaign_id
),

candidates as (
    select
        user_id,
        campaign_id,
        false as is_current,
        is_contacted,
        as_of_date
    from contacted
    union all
    select
        user_id,
        campaign_id,
        true as is_current,
        is_contacted,
        as_of_date
    from current_pairs
)

select * from candidates
