-- one row per user row of the shop's files: personal data only
{{ config(database="vault", schema="main") }}
{% set columns = contract_columns('people') -%}
with

file_rows as (
    {{ file_rows(source('shop_files', 'users'), columns) }}
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
