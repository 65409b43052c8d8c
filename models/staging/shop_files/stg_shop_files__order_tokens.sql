-- one row per row of the shop's files of order_tokens, in the vault: tokens as given
{{ config(database="vault", schema="main") }}
{% set columns = contract_columns('order_tokens') -%}
{% set given = columns_in_files(source('shop_files', 'order_tokens'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'order_tokens'), columns) }}
),

{{ read_rows(columns, given) }}
