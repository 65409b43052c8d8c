-- one row per campaign and offer with a contact to be sent in the coming week; offers
-- of too few users stand together, and so do campaigns
with

decisions as (
    select * from {{ ref('campaign_decisions') }}
    where decision = 'contact'
),

campaigns as (select * from {{ ref('plan_campaigns') }}),

offers as (
    select
        offer_id,
        {{ offer_name() }} as offer_name
    from {{ ref('plan_offers') }}
),

contacts as (
    select
        decisions.*,
        campaigns.campaign_name,
        campaigns.plan_status,
        offers.offer_name
    from decisions
    inner join campaigns on decisions.campaign_id = campaigns.campaign_id
    left join offers on decisions.offer_id = offers.offer_id
    where
        decisions.send_on
        < {{ days_after('campaigns.as_of_date', var('decision_days')) }}
        and campaigns.as_of_date <= decisions.send_on
),

sized_campaigns as (
    select
        plan_status,
        campaign_id,
        cast(count(distinct user_id) as bigint) as user_count
    from contacts
    group by plan_status, campaign_id
),

-- a user may be in several campaigns
hidden as (
    select
        contacts.plan_status,
        count(distinct contacts.user_id) as user_count
    from contacts
    inner join sized_campaigns on contacts.campaign_id = sized_campaigns.campaign_id
    where {{ is_few('sized_campaigns.user_count') }}
    group by contacts.plan_status
),

shown_campaigns as (
    select sized_campaigns.campaign_id
    from sized_campaigns
    left join hidden on sized_campaigns.plan_status = hidden.plan_status
    qualify {{ is_shown(
        'sized_campaigns.user_count', 'sized_campaigns.plan_status',
        'sized_campaigns.campaign_id', hidden_users='coalesce(hidden.user_count, 0)'
    ) }}
),

sized_offers as (
    select
        campaign_id,
        offer_id,
        cast(count(distinct user_id) as bigint) as user_count
    from contacts
    group by campaign_id, offer_id
),

shown_offers as (
    select * from sized_offers
    qualify {{ is_shown('user_count', 'campaign_id', 'offer_id') }}
),

named as (
    select
        coalesce(shown_campaigns.campaign_id, 'not shown') as campaign_id,
        case
            when shown_campaigns.campaign_id is null then 'not shown'
            when shown_offers.offer_id is null
                then contacts.campaign_id || ': other offers'
            else contacts.offer_id
        end as offer_id,
        case
            when shown_campaigns.campaign_id is null then 'not shown'
            when shown_offers.offer_id is null then 'several offers'
            else coalesce(contacts.offer_name, contacts.offer_id)
        end as offer_name,
        case
            when shown_campaigns.campaign_id is null then 'not shown'
            else contacts.campaign_name
        end as campaign_name,
        contacts.plan_status,
        case when shown_campaigns.campaign_id is not null then contacts.channel end
            as channel,
        contacts.user_id,
        contacts.response_probability,
        contacts.expected_cost,
        contacts.expected_margin,
        contacts.send_on
    from contacts
    left join shown_campaigns on contacts.campaign_id = shown_campaigns.campaign_id
    left join shown_offers
        on
            contacts.campaign_id = shown_offers.campaign_id
            and contacts.offer_id = shown_offers.offer_id
),

counted as (
    select
        campaign_id,
        offer_id,
        offer_name,
        campaign_name,
        plan_status,
        channel,
        cast(count(distinct user_id) as bigint) as user_count,
        cast(count(*) as bigint) as contact_count,
        round(sum(response_probability), 6) as expected_responses,
        round(sum(expected_cost), 6) as expected_cost,
        round(sum(expected_margin), 6) as expected_margin,
        min(send_on) as first_send_on,
        max(send_on) as last_send_on
    from named
    group by
        campaign_id, offer_id, offer_name, campaign_name, plan_status, channel
),

published as (
    select
        campaign_id,
        offer_id,
        offer_name,
        campaign_name,
        plan_status,
        channel,
        {{ unless_few([
            'user_count', 'contact_count', 'expected_responses', 'expected_cost',
            'expected_margin', 'first_send_on', 'last_send_on',
        ]) }}
    from counted
)

select * from published
