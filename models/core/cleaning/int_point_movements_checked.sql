-- one row per row of points moved of the source, with its status
{% set columns = [
    'movement_id', 'user_id', 'movement_type', 'points', 'order_id', 'moved_at',
    'updated_at',
] -%}
{% set required = ['movement_id', 'user_id', 'movement_type', 'points', 'moved_at'] -%}
{% set key = ['movement_id'] -%}
with

source_rows as (
    {{ in_known_words(ref('intake_point_movements'), columns, {
        'movement_type': {'words': 'movement_type', 'unknown': 'refused'},
    }) }}
),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(required, 'source_rows') }}
            when source_rows.points <= 0 then 'points are not above 0'
            {{ clock_fault('moved_at', 'source_rows') }}
        end as fault
    from source_rows
),

{{ checked_rows(key, columns, often_unique='movement_id') }}
