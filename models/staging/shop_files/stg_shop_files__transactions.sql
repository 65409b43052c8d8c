-- one row per row of the shop's files of transactions
{% set columns = contract_columns('transactions') -%}
{% set given = columns_in_files(source('shop_files', 'transactions'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'transactions'), columns) }}
),

{{ read_rows(columns, given) }}
