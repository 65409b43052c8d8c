-- one row per planned campaign and user with a contact or a control group near its day
with

campaigns as (select * from {{ ref('plan_campaigns') }}),
sending as (select * from {{ ref('plan_send_dates') }}),
contacts as (select * from {{ ref('dec_contacts') }}),

frozen as (
    select * from {{ ref('dec_launched_decisions') }}
    where decision in ('contact', 'control')
),

-- less than a week before or after the day
near as (
    select
        campaigns.campaign_id,
        contacts.user_id,
        sending.most_contacts_per_user_week,
        {{ days_between('contacts.contact_date', 'sending.judged_on') }} as days_since,
        contacts.channel = campaigns.channel as is_same_channel,
        contacts.contact_date >= campaigns.as_of_date as is_contacted_this_period,
        false as is_control_this_period
    from campaigns
    inner join sending on campaigns.campaign_id = sending.campaign_id
    inner join contacts
        on
            contacts.contact_date > {{ days_after('sending.judged_on', -7) }}
            and contacts.contact_date < {{ days_after('sending.judged_on', 7) }}
),

-- users in a launched campaign of this period are blocked for the whole period:
-- contacted and control users get no other offer
placed as (
    select
        campaigns.campaign_id,
        frozen.user_id,
        cast(null as bigint) as most_contacts_per_user_week,
        cast(null as bigint) as days_since,
        cast(null as boolean) as is_same_channel,
        frozen.decision = 'contact' as is_contacted_this_period,
        frozen.decision = 'control' as is_control_this_period
    from campaigns
    inner join frozen
        on
            campaigns.campaign_id <> frozen.campaign_id
            and {{ days_after('campaigns.as_of_date', -1 * var('decision_days')) }}
            < frozen.decided_on
    where campaigns.is_due
),

united as (
    select * from near
    union all
    select * from placed
),

judged as (
    select
        campaign_id,
        user_id,
        coalesce(max(abs(days_since) < {{ var('quiet_days') }}), false)
            as is_in_quiet_period,
        count(days_since) >= {{ var('most_contacts_per_user_week') }}
        or coalesce(
            sum(case when is_same_channel then 1 else 0 end)
            >= max(most_contacts_per_user_week),
            false
        ) as is_over_frequency_cap,
        max(is_contacted_this_period) as is_contacted_this_period,
        max(is_control_this_period) as is_control_this_period
    from united
    group by campaign_id, user_id
)

select * from judged
