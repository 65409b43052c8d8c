-- one row per contact, open, click, visit or order of a user, in one order of time
with

contacts as (
    select * from {{ ref('campaign_contacts') }}
    where arm = 'treatment'
),

campaigns as (select * from {{ ref('campaign_calendar') }}),

responses as (
    select * from {{ ref('contact_events') }}
    where event_type in ('opened', 'clicked')
),

-- a purchase is told by its order
events as (
    select * from {{ ref('events') }}
    where user_id is not null and event_type not in ('purchase', 'refund')
),

-- what was cancelled has ended no path
orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and not is_cancelled
),

-- who was reached through one channel answers through it
contacted as (
    select
        campaign_id,
        user_id,
        min(channel) as channel
    from contacts
    group by campaign_id, user_id
    having min(channel) = max(channel)
),

united as (
    select
        contacts.user_id,
        'contact' as touch_kind,
        coalesce(contacts.channel, campaigns.channel) as channel,
        contacts.campaign_id,
        cast(null as string) as order_id,
        -- where the shop does not say when it was sent
        coalesce(
            contacts.sent_at,
            {{ utc_timestamp('cast(campaigns.starts_on as timestamp)') }}
        ) as touched_at
    from contacts
    inner join campaigns on contacts.campaign_id = campaigns.campaign_id
    union all
    select
        responses.user_id,
        responses.event_type as touch_kind,
        coalesce(responses.channel, contacted.channel, campaigns.channel) as channel,
        responses.campaign_id,
        cast(null as string) as order_id,
        responses.occurred_at as touched_at
    from responses
    left join campaigns on responses.campaign_id = campaigns.campaign_id
    left join contacted
        on
            responses.campaign_id = contacted.campaign_id
            and responses.user_id = contacted.user_id
    union all
    -- without a session, a channel's events of a day are one visit
    select
        user_id,
        'visit' as touch_kind,
        channel,
        cast(null as string) as campaign_id,
        cast(null as string) as order_id,
        min(occurred_at) as touched_at
    from events
    group by user_id, session_id, channel, occurred_on
    -- an event that lacks the channel of its session is no visit of its own
    qualify
        channel is not null
        or count(channel) over (partition by user_id, session_id, occurred_on) = 0
    union all
    select
        user_id,
        'order' as touch_kind,
        cast(null as string) as channel,
        cast(null as string) as campaign_id,
        order_id,
        ordered_at as touched_at
    from orders
),

-- a touch of the same instant comes before the order
numbered as (
    select
        user_id,
        row_number() over (
            partition by user_id
            order by
                touched_at,
                touch_kind = 'order',
                channel nulls last,
                touch_kind,
                campaign_id nulls last,
                order_id
        ) as touchpoint_number,
        cast(touch_kind as string) as touch_kind,
        -- none means that nothing touched an order
        cast(
            case
                when touch_kind = 'order' then null
                else {{ credited_channel('channel') }}
            end as string
        ) as channel,
        campaign_id,
        order_id,
        touched_at
    from united
)

select * from numbered
