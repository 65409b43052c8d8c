-- one row per row of the shop's files of promotions
{% set columns = contract_columns('promotions') -%}
{% set given = columns_in_files(source('shop_files', 'promotions'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'promotions'), columns) }}
),

{{ read_rows(columns, given) }}
