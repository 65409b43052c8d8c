-- one row per row of the shop's files of points
{% set columns = contract_columns('point_movements') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'point_movements'), columns) }}
),

{{ read_rows(columns) }}
