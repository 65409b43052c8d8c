-- one row per row of the shop's files of points spent
{% set columns = contract_columns('point_spendings') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'point_spendings'), columns) }}
),

{{ read_rows(columns) }}
