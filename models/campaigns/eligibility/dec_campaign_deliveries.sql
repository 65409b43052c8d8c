-- one row per campaign with events of contacts: what became of its messages
{% set kinds = [
    'delivered', 'clicked', 'bounced', 'unsubscribed', 'complained',
] -%}
{% set stop = var('unsubscribe_stop') -%}
with

contacts as (select * from {{ ref('dec_contacts') }}),

contacted as (
    select
        campaign_id,
        count(*) as contact_count
    from contacts
    group by campaign_id
),

-- a refusal holds for all accounts of an address, and was of the one contacted
events as (
    select events.*
    from {{ ref('contact_events') }} as events
    left join contacts
        on
            events.campaign_id = contacts.campaign_id
            and events.user_id = contacts.user_id
    left join contacted on events.campaign_id = contacted.campaign_id
    where
        events.campaign_id is not null
        and (contacts.user_id is not null or contacted.campaign_id is null)
),

users as (
    select
        campaign_id,
        user_id,
        {% for kind in kinds -%}
            max(event_type = '{{ kind }}') as is_{{ kind }},
        {% endfor -%}
        -- some see no picture that tells of the opening
        max(event_type in ('opened', 'clicked')) as is_opened,
        max(event_type = 'bounced' and bounce_kind = 'hard') as is_bounced_hard,
        max(event_type in ('sent', 'delivered', 'opened', 'clicked')) as is_traced,
        max(event_type in ('unsubscribed', 'complained')) as is_refusing
    from events
    group by campaign_id, user_id
),

-- one outcome each: whoever answers was reached; a message may be taken and come back,
-- or be put off and arrive
concluded as (
    select
        *,
        case
            when is_opened or is_refusing then 'delivered'
            when is_bounced_hard then 'bounced'
            when is_delivered then 'delivered'
            when is_bounced then 'bounced'
            else 'unknown'
        end as outcome
    from users
),

counted as (
    select
        concluded.campaign_id,
        bool_or(concluded.is_traced) as is_traced,
        -- a tool that reports refusals alone says nothing of all others
        cast(
            case
                when bool_or(concluded.is_traced) then count(*)
                else greatest(count(*), coalesce(max(contacted.contact_count), 0))
            end as bigint
        ) as sent_count,
        {% for outcome in ['delivered', 'bounced'] -%}
            cast(count_if(concluded.outcome = '{{ outcome }}') as bigint)
                as {{ outcome }}_count,
        {% endfor -%}
        {% for kind in ['opened', 'clicked', 'unsubscribed', 'complained'] -%}
            cast(count_if(concluded.is_{{ kind }}) as bigint) as {{ kind }}_count,
        {% endfor -%}
        cast(count_if(concluded.is_refusing) as bigint) as refusing_count
    from concluded
    left join contacted on concluded.campaign_id = contacted.campaign_id
    group by concluded.campaign_id
),

judged as (
    select
        *,
        sent_count - delivered_count - bounced_count as unknown_count,
        refusing_count >= {{ stop['users'] }}
        and refusing_count > {{ stop['share'] }} * sent_count as is_stopped
    from counted
)

select * from judged
