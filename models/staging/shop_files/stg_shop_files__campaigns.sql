-- one row per row of the shop's files of campaigns
{% set columns = contract_columns('campaigns') -%}
{% set given = columns_in_files(source('shop_files', 'campaigns'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'campaigns'), columns) }}
),

{{ read_rows(columns, given) }}
