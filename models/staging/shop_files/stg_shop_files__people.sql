-- one row per user row of the shop's files: personal data only
{{ config(database="vault", schema="main") }}
{% set columns = contract_columns('people') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'users'), columns) }}
),

{{ read_rows(columns) }}
