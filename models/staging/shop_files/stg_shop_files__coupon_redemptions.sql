-- one row per row of the shop's files of coupon_redemptions
{% set columns = contract_columns('coupon_redemptions') -%}
{% set given = columns_in_files(source('shop_files', 'coupon_redemptions'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'coupon_redemptions'), columns) }}
),

{{ read_rows(columns, given) }}
