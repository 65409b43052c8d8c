{#
    What is noted while a table of text is read: `read_fault`, why a row cannot be used,
    and `read_repairs`, what was repaired, rules joined by '; '. Both look at the columns
    raw_<name>, cell_<name> and <name> side by side.
#}

{#
    The last steps of a table of files, from file_rows on: values read, and notes. Columns
    that are not `given`, as no file has them, are null without being read.
#}
{% macro read_rows(columns, given=none) -%}
{%- set read = columns if given is none else columns | selectattr('name', 'in', given) | list -%}
unescaped as (
    select
        *
    {%- for column in read %},
        {{ unescaped('raw_' ~ column.name, is_words(column)) }} as cell_{{ column.name }}
    {%- endfor %}
    from file_rows
),

read as (
    select
        *
    {%- for column in columns %},
        {{ read_value('cell_' ~ column.name, column) if column in read
            else 'cast(null as ' ~ column.data_type ~ ')' }} as {{ column.name }}
    {%- endfor %}
    from unescaped
),

noted as (
    select
        {% for column in columns -%}
            {{ column.name }},
        {% endfor -%}
        source_file,
        source_row,
        {{ read_fault(read, 'cell_') }} as read_fault,
        {{ read_repairs(read, 'cell_') if read else 'cast(null as string)' }} as read_repairs
    from read
)

select * from noted
{%- endmacro %}

{# Words that people wrote, neither values nor ids. #}
{% macro is_words(column) -%}
    {{ return(
        column.data_type == 'string' and not column.name.endswith('_id')
        and column.meta.read_as != 'code'
    ) }}
{%- endmacro %}

{#
    There is text, and it means something. A list of so many words in `in (...)` is a join,
    which every row of every reader of the view would pay for, even of a count.
#}
{% macro is_present(raw) -%}
    not regexp_full_match(lower({{ trimmed(raw) }}), 'null|na|n/a|nan|none|nat|-')
{%- endmacro %}

{# A long id of digits that a spreadsheet took for a number: 2.01235E+17 was many ids. #}
{% macro is_destroyed(cell) -%}
    (contains({{ cell }}, '+') and regexp_full_match({{ cell }}, '\s*[0-9]([.,][0-9]+)?[eE][+][0-9]+\s*'))
{%- endmacro %}

{# The first id that is destroyed, else the first required column that is unreadable. #}
{% macro read_fault(columns, cell='raw_') -%}
    case
        {% for column in columns if column.name.endswith('_id') -%}
        when {{ is_destroyed(cell ~ column.name) }}
            then '{{ column.name }} was destroyed by a spreadsheet'
        {% endfor -%}
        {% for column in columns
            if column.meta.required and column.data_type != 'string' -%}
        when
            {{ column.name }} is null
            and {{ cell }}{{ column.name }} is not null
            and {{ is_present(cell ~ column.name) }}
            then '{{ column.name }} is unreadable'
        {% else -%}
        when false then ''
        {% endfor -%}
    end
{%- endmacro %}

{# All that was repaired or emptied, null where nothing was. #}
{% macro read_repairs(columns, cell='raw_') -%}
    nullif(concat_ws('; '
        {%- for column in columns -%}
        , {{ read_repair(column, cell) }}
        {%- endfor %}
    ), '')
{%- endmacro %}

{% macro read_repair(column, cell) -%}
    {%- set name = column.name -%}
    {%- set raw = cell ~ name -%}
    {%- set data_type = column.data_type -%}
    case
        when
            {{ name }} is not null
            and raw_{{ name }} <> {{ raw }}
            and {{ is_escaped('raw_' ~ name) }}
            then '{{ name }} was escaped by a spreadsheet'
        {% if data_type == 'string' -%}
        when raw_{{ name }} <> {{ raw }} and {{ name }} is not null
            then '{{ name }} had other spaces or case'
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
        when try_cast(raw_{{ name }} as {{ data_type }}) is distinct from {{ name }}
            then '{{ name }} was written as a currency'
        {% elif data_type in ('timestamp', 'date') -%}
        when try_cast(raw_{{ name }} as timestamptz) is null
            then '{{ name }} was in another date format'
        {% endif -%}
        {%- endif %}
    end
{%- endmacro %}
