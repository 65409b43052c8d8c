-- one row per campaign row of the source, with what became of it
{% set columns = [
    'campaign_id', 'campaign_type', 'campaign_class', 'channel', 'is_randomised',
    'starts_on', 'ends_on',
] -%}
with

source_rows as (
    select * from {{ ref('intake_campaigns') }}
),

judged as (
    select
        *,
        case
            when campaign_id is null then 'campaign_id is missing'
            when starts_on is null then 'starts_on is missing'
            when ends_on is null then 'ends_on is missing'
            when
                ends_on < starts_on
                then 'ends_on is before starts_on'
        end as fault
    from source_rows
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['campaign_id', 'fault'], columns) }} as version_number
    from judged
),

explained as (
    select
        *,
        case
            when copy_number > 1 then 'exact duplicate'
            when fault is not null then fault
            when version_number > 1
                then 'campaign_id comes again with other values'
        end as status_reason
    from numbered
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from explained
)

select * from decided
