-- one row per row of the shop's files of coupons
{% set columns = contract_columns('coupons') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'coupons'), columns) }}
),

{{ read_rows(columns) }}
