-- one row per row of the shop's files of points
{% set columns = contract_columns('point_movements') -%}
{% set given = columns_in_files(source('shop_files', 'point_movements'), columns) -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'point_movements'), columns) }}
),

{{ read_rows(columns, given) }}
