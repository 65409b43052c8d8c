-- one row per row of the shop's files of events of contacts
{% set columns = contract_columns('contact_events') -%}
{% set given = columns_in_files(source('shop_files', 'contact_events'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'contact_events'), columns) }}
),

{{ read_rows(columns, given) }}
