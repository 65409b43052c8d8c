-- one row per campaign row of the source, with its status
{% set columns = [
    'campaign_id', 'campaign_type', 'campaign_class', 'channel', 'is_randomised',
    'starts_on', 'ends_on', 'updated_at',
] -%}
{% set key = ['campaign_id'] -%}
with

source_rows as (
    {{ in_known_words(ref('intake_campaigns'), columns, {
        'campaign_type': {'words': 'campaign_type', 'unknown': 'emptied'},
        'channel': {'words': 'channel', 'unknown': 'kept'},
    }) }}
),

judged as (
    select
        *,
        read_repairs as repairs_made,
        case
            {{ fault_of(['campaign_id', 'starts_on', 'ends_on']) }}
            when ends_on < starts_on then 'ends_on is before starts_on'
        end as fault
    from source_rows
),

{{ checked_rows(key, columns) }}
