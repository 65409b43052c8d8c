-- one row per row of the shop's files of products
{% set columns = contract_columns('products') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'products'), columns) }}
),

{{ read_rows(columns) }}
