-- one row per row of the shop's files of reviews
{% set columns = contract_columns('reviews') -%}
{% set given = columns_in_files(source('shop_files', 'reviews'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'reviews'), columns) }}
),

{{ read_rows(columns, given) }}
