-- one row per campaign row of the source, with what became of it
{% set columns = [
    'campaign_id', 'campaign_type', 'campaign_class', 'channel', 'is_randomised',
    'starts_on', 'ends_on',
] -%}
with

source_rows as (
    select * from {{ ref('intake_campaigns') }}
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['campaign_id'], columns) }} as version_number
    from source_rows
),

judged as (
    select
        numbered.*,
        case
            when numbered.copy_number > 1 then 'exact duplicate'
            when numbered.campaign_id is null then 'campaign_id is missing'
            when numbered.starts_on is null then 'starts_on is missing'
            when numbered.ends_on is null then 'ends_on is missing'
            when
                numbered.ends_on < numbered.starts_on
                then 'ends_on is before starts_on'
            when
                numbered.version_number > 1
                then 'campaign_id comes again with other values'
        end as status_reason
    from numbered
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from judged
)

select * from decided
