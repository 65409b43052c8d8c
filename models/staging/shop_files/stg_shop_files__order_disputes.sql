-- one row per row of the shop's files of order_disputes
{% set columns = contract_columns('order_disputes') -%}
{% set given = columns_in_files(source('shop_files', 'order_disputes'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'order_disputes'), columns) }}
),

{{ read_rows(columns, given) }}
