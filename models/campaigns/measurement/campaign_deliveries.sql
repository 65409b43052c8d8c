-- one row per campaign with events of contacts: what became of its messages, in users
with

deliveries as (
    select * from {{ ref('dec_campaign_deliveries') }}
    where not {{ is_few('sent_count') }}
),

-- of parts that make a whole, all are published or the rest is not split
judged as (
    select
        *,
        is_traced and not {{ is_uniform('delivered_count', 'sent_count') }}
            as is_delivered_shown,
        is_traced
        and not {{ is_uniform('delivered_count', 'sent_count') }}
        and not {{ is_uniform('bounced_count', 'sent_count') }}
        and not {{ is_uniform('unknown_count', 'sent_count') }} as is_split,
        {% for answer in ['opened', 'clicked'] -%}
            is_traced and delivered_count > 0
            and not {{ is_uniform('delivered_count', 'sent_count') }}
            and not {{ is_uniform(answer ~ '_count', 'delivered_count') }}
                as is_{{ answer }}_shown,
        {% endfor -%}
        unsubscribed_count > 0
        and not {{ is_uniform('unsubscribed_count', 'sent_count') }}
            as is_unsubscribed_shown
    from deliveries
),

told as (
    select
        campaign_id,
        sent_count,
        case when is_delivered_shown then delivered_count end as delivered_count,
        {% for part in ['bounced', 'unknown'] -%}
            case when is_split then {{ part }}_count end as {{ part }}_count,
        {% endfor -%}
        {% for answer in ['opened', 'clicked', 'unsubscribed'] -%}
            case when is_{{ answer }}_shown then {{ answer }}_count end
                as {{ answer }}_count,
        {% endfor -%}
        is_stopped
    from judged
),

rated as (
    select
        campaign_id,
        sent_count,
        delivered_count,
        bounced_count,
        unknown_count,
        opened_count,
        clicked_count,
        unsubscribed_count,
        cast(delivered_count as double) / sent_count as delivered_share,
        cast(opened_count as double) / delivered_count as opened_share,
        cast(clicked_count as double) / delivered_count as clicked_share,
        cast(unsubscribed_count as double) / sent_count as unsubscribed_share,
        is_stopped
    from told
)

select * from rated
