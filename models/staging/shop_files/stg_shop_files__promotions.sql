-- one row per row of the shop's files of promotions
{% set columns = contract_columns('promotions') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'promotions'), columns) }}
),

{{ read_rows(columns) }}
