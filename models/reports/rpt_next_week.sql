-- one row per campaign and offer with a contact to be sent in the coming week; offers
-- of too few users are summed
with

decisions as (
    select * from {{ ref('campaign_decisions') }}
    where decision = 'contact'
),

campaigns as (select * from {{ ref('plan_campaigns') }}),

counted as (
    select
        decisions.campaign_id,
        decisions.offer_id,
        campaigns.campaign_name,
        campaigns.plan_status,
        decisions.channel,
        cast(count(distinct decisions.user_id) as bigint) as user_count,
        cast(count(*) as bigint) as contact_count,
        round(sum(decisions.response_probability), 6) as expected_responses,
        round(sum(decisions.expected_cost), 6) as expected_cost,
        round(sum(decisions.expected_margin), 6) as expected_margin,
        min(decisions.send_on) as first_send_on,
        max(decisions.send_on) as last_send_on
    from decisions
    inner join campaigns on decisions.campaign_id = campaigns.campaign_id
    where
        decisions.send_on
        < {{ days_after('campaigns.as_of_date', var('decision_days')) }}
        and campaigns.as_of_date <= decisions.send_on
    group by
        decisions.campaign_id,
        decisions.offer_id,
        campaigns.campaign_name,
        campaigns.plan_status,
        decisions.channel
),

judged as (
    select
        *,
        {{ is_shown('user_count', 'campaign_id', 'offer_id') }} as is_shown
    from counted
),

pooled as (
    select
        campaign_id,
        case when is_shown then offer_id else campaign_id || ': other offers' end
            as offer_id,
        campaign_name,
        plan_status,
        channel,
        cast(sum(user_count) as bigint) as user_count,
        cast(sum(contact_count) as bigint) as contact_count,
        round(sum(expected_responses), 6) as expected_responses,
        round(sum(expected_cost), 6) as expected_cost,
        round(sum(expected_margin), 6) as expected_margin,
        min(first_send_on) as first_send_on,
        max(last_send_on) as last_send_on
    from judged
    group by all
)

select * from pooled
where user_count >= {{ var('minimum_cell_users') }}
