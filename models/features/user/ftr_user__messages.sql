-- one row per user and as-of date: messages before it, and what the user did with them
{% set windows = var('feature_windows').user_message -%}
{% set kinds = {
    'message': 'sent_on', 'opened': 'opened_on', 'clicked': 'clicked_on',
} -%}
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),
events as (select * from {{ ref('contact_events') }}),

-- by their first events, which no later one changes; without a campaign, one a day
messages as (
    select
        user_id,
        coalesce(campaign_id, cast(occurred_on as string)) as message,
        min(occurred_on) as sent_on,
        min(case when event_type in ('opened', 'clicked') then occurred_on end)
            as opened_on,
        min(case when event_type = 'clicked' then occurred_on end) as clicked_on
    from events
    where event_type in ('sent', 'delivered', 'opened', 'clicked', 'bounced')
    group by user_id, coalesce(campaign_id, cast(occurred_on as string))
),

summed as (
    select
        messages.user_id,
        {% for days in windows -%}
            {% for kind, day in kinds.items() -%}
                cast(count(
                    case
                        when
                            messages.{{ day }}
                            >= {{ days_after('as_of_dates.as_of_date', -1 * days) }}
                            and as_of_dates.as_of_date > messages.{{ day }}
                            then 1
                    end
                ) as bigint) as {{ kind }}_count_{{ days }}d,
            {% endfor -%}
        {% endfor -%}
        as_of_dates.as_of_date
    from as_of_dates
    inner join messages on as_of_dates.as_of_date > messages.sent_on
    group by messages.user_id, as_of_dates.as_of_date
)

select * from summed
