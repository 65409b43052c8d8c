-- one row per campaign with events of contacts: what became of them
{% set kinds = [
    'delivered', 'opened', 'clicked', 'bounced', 'unsubscribed', 'complained',
] -%}
{% set stop = var('unsubscribe_stop') -%}
with

users as (
    select
        campaign_id,
        user_id,
        {% for kind in kinds -%}
            max(case when event_type = '{{ kind }}' then 1 else 0 end) as {{ kind }},
        {% endfor -%}
        -- whoever opens or clicks had it delivered, whatever the tool reports
        max(case
            when event_type in ('delivered', 'opened', 'clicked') then 1 else 0
        end) as reached,
        max(case when event_type in ('unsubscribed', 'complained') then 1 else 0 end)
            as refusing
    from {{ ref('contact_events') }}
    where campaign_id is not null
    group by campaign_id, user_id
),

counted as (
    select
        campaign_id,
        cast(count(*) as bigint) as user_count,
        cast(sum(reached) as bigint) as delivered_count,
        {% for kind in kinds[1:] -%}
            cast(sum({{ kind }}) as bigint) as {{ kind }}_count,
        {% endfor -%}
        cast(sum(refusing) as bigint) as refusing_count
    from users
    group by campaign_id
),

judged as (
    select
        *,
        cast(delivered_count as double) / user_count as delivered_share,
        cast(opened_count as double) / nullif(delivered_count, 0) as opened_share,
        cast(clicked_count as double) / nullif(delivered_count, 0) as clicked_share,
        cast(refusing_count as double) / user_count as refusing_share,
        refusing_count >= {{ stop['users'] }}
        and refusing_count > {{ stop['share'] }} * user_count as is_stopped
    from counted
)

select * from judged
