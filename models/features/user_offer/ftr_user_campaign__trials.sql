-- one row per campaign, user and as-of date that uplift is learnt, judged or scored on
with

campaigns as (
    select * from {{ ref('ftr_campaigns') }}
),

contacts as (
    select * from {{ ref('campaign_contacts') }}
),

windows as (
    select * from {{ ref('ftr_user__windows') }}
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- users who had ordered before the campaign: of others nothing is known
drawn as (
    select
        contacts.campaign_id,
        contacts.user_id,
        contacts.arm,
        campaigns.ends_on < scoring.as_of_date as is_over,
        windows.as_of_date
    from campaigns
    cross join scoring
    inner join contacts on campaigns.campaign_id = contacts.campaign_id
    inner join windows
        on
            contacts.user_id = windows.user_id
            and campaigns.starts_on = windows.as_of_date
    where campaigns.is_randomised and campaigns.starts_on < scoring.as_of_date
),

-- a campaign tells what a contact changes if it drew who gets it, and kept some back
trials as (
    select
        campaign_id,
        avg(case when arm = 'treatment' then 1.0 else 0.0 end) as treated_share
    from drawn
    group by campaign_id
    having count(distinct arm) = 2
),

history as (
    select
        drawn.campaign_id,
        drawn.user_id,
        drawn.arm,
        cast(trials.treated_share as double) as treated_share,
        drawn.is_over,
        false as is_current,
        drawn.as_of_date
    from drawn
    inner join trials on drawn.campaign_id = trials.campaign_id
),

-- open or coming campaigns, for everybody, where the past has something to say
current_pairs as (
    select
        campaigns.campaign_id,
        windows.user_id,
        cast(null as string) as arm,
        cast(null as double) as treated_share,
        false as is_over,
        true as is_current,
        windows.as_of_date
    from campaigns
    inner join scoring on campaigns.ends_on >= scoring.as_of_date
    inner join windows on scoring.as_of_date = windows.as_of_date
    where exists (select trials.campaign_id from trials)
),

united as (
    select * from history
    union all
    select * from current_pairs
)

select * from united
