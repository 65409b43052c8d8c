-- one row per row of the shop's files of products
{% set columns = contract_columns('products') -%}
{% set given = columns_in_files(source('shop_files', 'products'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'products'), columns) }}
),

{{ read_rows(columns, given) }}
