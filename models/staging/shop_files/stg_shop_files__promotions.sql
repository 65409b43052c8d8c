-- one row per row of the shop's files of promotions
{% set columns = contract_columns('promotions') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'promotions'), columns) }}
),

read as (
    select
        *,
    {% for column in columns -%}
        {{ read_value('raw_' ~ column.name, column) }} as {{ column.name }}
        {{- ',' if not loop.last }}
    {% endfor %}
    from file_rows
),

noted as (
    select
        {% for column in columns -%}
            {{ column.name }},
        {% endfor -%}
        source_file,
        source_row,
        {{ read_fault(columns) }} as read_fault,
        {{ read_repairs(columns) }} as read_repairs
    from read
)

select * from noted
