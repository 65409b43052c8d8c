-- one row per row of the shop's files of coupons
{% set columns = contract_columns('coupons') -%}
{% set given = columns_in_files(source('shop_files', 'coupons'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'coupons'), columns) }}
),

{{ read_rows(columns, given) }}
