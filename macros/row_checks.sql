{#
    The two numbers every check of an entity starts from. A copy_number above 1 marks an
    exact duplicate; a version_number above 1 marks a key that comes again with other
    values. Both follow the order of all columns, so that a build repeats to the byte.
#}
{% macro copy_number(columns) -%}
    row_number() over (
        partition by {{ columns | join(', ') }} order by {{ columns | first }}
    )
{%- endmacro %}

{% macro version_number(key, columns) -%}
    dense_rank() over (
        partition by {{ key | join(', ') }}
        order by
            {% for column in columns -%}
            {{ column }} nulls last{{ ',' if not loop.last }}
            {% endfor %}
    )
{%- endmacro %}

{# What becomes of a row, from the reason that speaks against it. #}
{% macro row_status(reason) -%}
    case
        when {{ reason }} is null then 'kept'
        when {{ reason }} = 'exact duplicate' then 'folded'
        else 'rejected'
    end
{%- endmacro %}

{# The row as JSON text, for rejected_rows. #}
{% macro row_as_json(columns) -%}
    {{ return(adapter.dispatch('row_as_json')(columns)) }}
{%- endmacro %}

{% macro default__row_as_json(columns) -%}
    cast(to_json(struct_pack(
        {%- for column in columns %}
        {{ column }} := {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    )) as string)
{%- endmacro %}

{% macro spark__row_as_json(columns) -%}
    to_json(struct({{ columns | join(', ') }}))
{%- endmacro %}

{# The columns that came from the source: those of a checked model less the verdict. #}
{% macro source_columns(checked) -%}
    {% set names = adapter.get_columns_in_relation(checked) | map(attribute='name') %}
    {{ return(names | reject('in', ['row_status', 'status_reason']) | list) }}
{%- endmacro %}
