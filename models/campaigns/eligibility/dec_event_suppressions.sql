-- one row per user, kind and channel of a refusal that tools report
with

refusals as (
    select
        *,
        case event_type
            when 'unsubscribed' then 'opt_out'
            when 'complained' then 'complaint'
            when 'bounced' then case when bounce_kind = 'hard' then 'bounce' end
        end as suppression_kind
    from {{ ref('contact_events') }}
),

summed as (
    select
        user_id,
        suppression_kind,
        channel,
        min(occurred_on) as first_date
    from refusals
    where suppression_kind is not null
    group by user_id, suppression_kind, channel
)

select * from summed
