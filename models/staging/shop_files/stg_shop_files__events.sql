-- one row per row of the shop's files of events
{% set columns = contract_columns('events') -%}
{% set given = columns_in_files(source('shop_files', 'events'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'events'), columns) }}
),

{{ read_rows(columns, given) }}
