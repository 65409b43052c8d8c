-- one row per row of the shop's files of stock_levels
{% set columns = contract_columns('stock_levels') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'stock_levels'), columns) }}
),

{{ read_rows(columns) }}
