{#
    What is noted while a table of text is read: `read_fault`, why a row cannot be used,
    and `read_repairs`, what was repaired, rules joined by '; '. Both look at the columns
    raw_<name> and <name> side by side.
#}

{# The last steps of a table of files, from file_rows on: values read, and notes. #}
{% macro read_rows(columns) -%}
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
{%- endmacro %}

{#
    There is text, and it means something. A list of so many words in `in (...)` is a join,
    which every row of every reader of the view would pay for, even of a count.
#}
{% macro is_present(raw) -%}
    not regexp_full_match(lower({{ trimmed(raw) }}), 'null|na|n/a|nan|none|nat|-')
{%- endmacro %}

{# The first required column, if any, whose text could not be read. #}
{% macro read_fault(columns) -%}
    case
        {% for column in columns
            if column.meta.required and column.data_type != 'string' -%}
        when
            {{ column.name }} is null
            and raw_{{ column.name }} is not null
            and {{ is_present('raw_' ~ column.name) }}
            then '{{ column.name }} is unreadable'
        {% else -%}
        when false then ''
        {% endfor -%}
    end
{%- endmacro %}

{# All that was repaired or emptied, null where nothing was. #}
{% macro read_repairs(columns) -%}
    nullif(concat_ws('; '
        {%- for column in columns -%}
        , {{ read_repair(column) }}
        {%- endfor %}
    ), '')
{%- endmacro %}

{% macro read_repair(column) -%}
    {%- set name = column.name -%}
    {%- set raw = 'raw_' ~ name -%}
    {%- set data_type = column.data_type -%}
    case
        {% if data_type == 'string' -%}
        when {{ raw }} = {{ name }} or {{ name }} is null then null
        {% if not name.endswith('_id') -%}
        when
            strlen({{ raw }}) <> length({{ raw }})
            and lower({{ name }}) <> lower({{ trimmed(single_spaced(raw)) }})
            then '{{ name }} was in a wrong encoding'
        {% endif -%}
        else '{{ name }} had other spaces or case'
        {%- else -%}
        when {{ raw }} is null then null
        {% if not column.meta.required -%}
        when {{ name }} is null and {{ is_present(raw) }}
            then '{{ name }} is unreadable, emptied'
        {% endif -%}
        when {{ name }} is null then null
        {% if data_type.startswith('decimal') -%}
        when try_cast({{ raw }} as {{ data_type }}) is null
            then '{{ name }} was written as a currency'
        {% elif data_type in ('timestamp', 'date') -%}
        when try_cast({{ raw }} as timestamptz) is null
            then '{{ name }} was in another date format'
        {% endif -%}
        {%- endif %}
    end
{%- endmacro %}
