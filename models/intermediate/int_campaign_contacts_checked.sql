-- one row per contact row of the source, with what became of it
{% set columns = [
    'campaign_id', 'user_id', 'arm', 'channel', 'offer_id', 'sent_at',
] -%}
with

source_rows as (
    select * from {{ ref('intake_campaign_contacts') }}
),

known_campaigns as (
    select distinct campaign_id from {{ ref('int_campaigns_checked') }}
    where row_status = 'kept'
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['campaign_id', 'user_id'], columns) }} as version_number
    from source_rows
),

judged as (
    select
        numbered.*,
        case
            when numbered.copy_number > 1 then 'exact duplicate'
            when numbered.campaign_id is null then 'campaign_id is missing'
            when numbered.user_id is null then 'user_id is missing'
            when known_campaigns.campaign_id is null then 'campaign_id is unknown'
            when
                numbered.version_number > 1
                then 'campaign_id, user_id comes again with other values'
        end as status_reason
    from numbered
    left join known_campaigns on numbered.campaign_id = known_campaigns.campaign_id
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from judged
)

select * from decided
