-- one row per planned campaign: the first day on which it may be sent
with

campaigns as (select * from {{ ref('plan_campaigns') }}),

days as (
    select calendar_date from {{ ref('market_calendar') }}
),

blackouts as (
    select
        channel,
        cast(first_date as date) as first_date,
        cast(last_date as date) as last_date
    from {{ ref('blackout_dates') }}
    where shop = '{{ active_source() }}'
),

channels as (
    select * from {{ ref('channels') }}
    where shop = '{{ active_source() }}'
),

allowed_days as (
    select
        campaigns.campaign_id,
        days.calendar_date
    from campaigns
    inner join days
        on
            greatest(campaigns.starts_on, campaigns.as_of_date) <= days.calendar_date
            and campaigns.ends_on >= days.calendar_date
    left join blackouts
        on
            days.calendar_date >= blackouts.first_date
            and days.calendar_date <= blackouts.last_date
            and coalesce(blackouts.channel, campaigns.channel) = campaigns.channel
    where blackouts.first_date is null
),

first_days as (
    select
        campaign_id,
        min(calendar_date) as send_on
    from allowed_days
    group by campaign_id
),

described as (
    select
        campaigns.campaign_id,
        channels.channel,
        channels.consent,
        cast(channels.cost_per_contact as double) as contact_cost,
        cast(channels.most_contacts_per_user_week as bigint)
            as most_contacts_per_user_week,
        cast(channels.most_contacts_per_week as bigint) as most_contacts_per_week,
        cast(channels.send_from_hour as bigint) as send_from_hour,
        cast(channels.send_until_hour as bigint) as send_until_hour,
        {{ days_between('first_days.send_on', 'campaigns.ends_on') }} + 1 as days_left,
        first_days.send_on,
        -- rules that depend on a date need one even without a sending day
        coalesce(
            first_days.send_on, greatest(campaigns.starts_on, campaigns.as_of_date)
        ) as judged_on
    from campaigns
    inner join channels on campaigns.channel = channels.channel
    left join first_days on campaigns.campaign_id = first_days.campaign_id
)

select * from described
