-- one row per contact of a user, sent or decided, in any campaign and channel
with

campaigns as (select * from {{ ref('campaign_calendar') }}),

sent as (
    select
        campaign_contacts.campaign_id,
        campaign_contacts.user_id,
        coalesce(campaign_contacts.channel, campaigns.channel) as channel,
        coalesce(
            cast({{ local_timestamp('campaign_contacts.sent_at') }} as date),
            campaigns.starts_on
        ) as contact_date
    from {{ ref('campaign_contacts') }} as campaign_contacts
    inner join campaigns on campaign_contacts.campaign_id = campaigns.campaign_id
    where campaign_contacts.arm = 'treatment'
),

-- launched campaigns, until the shop's tables have them
decided as (
    select
        frozen.campaign_id,
        frozen.user_id,
        frozen.channel,
        frozen.send_on as contact_date
    from {{ ref('dec_launched_decisions') }} as frozen
    anti join sent on frozen.campaign_id = sent.campaign_id
    where frozen.decision = 'contact'
),

united as (
    select * from sent
    union all
    select * from decided
)

select * from united
