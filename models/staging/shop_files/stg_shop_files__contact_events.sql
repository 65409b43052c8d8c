-- one row per row of the shop's files of events of contacts
{% set columns = contract_columns('contact_events') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'contact_events'), columns) }}
),

{{ read_rows(columns) }}
