-- one row per row of the shop's files of events
{% set columns = contract_columns('events') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'events'), columns) }}
),

{{ read_rows(columns) }}
