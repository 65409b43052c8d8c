-- one row per row of the shop's files of users
{% set columns = contract_columns('users') -%}
{% set given = columns_in_files(source('shop_files', 'users'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'users'), columns) }}
),

{{ read_rows(columns, given) }}
