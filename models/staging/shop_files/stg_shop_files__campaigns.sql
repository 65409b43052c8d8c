-- one row per row of the shop's files of campaigns
{% set columns = contract_columns('campaigns') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'campaigns'), columns) }}
),

{{ read_rows(columns) }}
