-- one row per row of the shop's files of users
{% set columns = contract_columns('users') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'users'), columns) }}
),

{{ read_rows(columns) }}
