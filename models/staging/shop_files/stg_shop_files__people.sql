-- one row per user row of the shop's files: personal data only
{{ config(database="vault", schema="main") }}
{% set columns = contract_columns('people') -%}
{% set given = columns_in_files(source('shop_files', 'users'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'users'), columns) }}
),

{{ read_rows(columns, given) }}
