-- one row per row of the shop's files of reviews
{% set columns = contract_columns('reviews') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'reviews'), columns) }}
),

{{ read_rows(columns) }}
