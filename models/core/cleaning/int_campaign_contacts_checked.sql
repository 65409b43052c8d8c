-- one row per contact row of the source, with its status
{% set columns = [
    'campaign_id', 'user_id', 'arm', 'channel', 'offer_id', 'sent_at', 'updated_at',
] -%}
{#- a reminder is a contact of its own, and another arm no later version of one -#}
{% set key = ['campaign_id', 'user_id', 'arm', 'channel', 'sent_at'] -%}
with

source_rows as (
    {{ in_known_words(ref('intake_campaign_contacts'), columns, {
        'arm': {'words': 'arm', 'unknown': 'refused'},
        'channel': {'words': 'channel', 'unknown': 'kept'},
    }) }}
),

known_campaigns as (
    select campaign_id from {{ ref('int_campaigns_checked') }}
    where row_status = 'kept'
),

judged as (
    select
        {% for column in columns if column != 'arm' -%}
            source_rows.{{ column }},
        {% endfor -%}
        source_rows.source_file,
        source_rows.source_row,
        -- a shop without a control group need not say so
        coalesce(source_rows.arm, 'treatment') as arm,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(['campaign_id', 'user_id'], 'source_rows') }}
            when known_campaigns.campaign_id is null then 'campaign_id is unknown'
        end as fault
    from source_rows
    left join known_campaigns on source_rows.campaign_id = known_campaigns.campaign_id
),

{{ checked_rows(key, columns) }}
