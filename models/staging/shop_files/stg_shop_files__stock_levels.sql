-- one row per row of the shop's files of stock_levels
{% set columns = contract_columns('stock_levels') -%}
{% set given = columns_in_files(source('shop_files', 'stock_levels'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'stock_levels'), columns) }}
),

{{ read_rows(columns, given) }}
