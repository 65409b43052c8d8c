{# The active shop: the environment variable SOURCE, else var source. #}
{% macro active_source() -%}
    {%- set name = env_var('SOURCE', var('source')) -%}
    {%- set known = var('source_entities').keys() | list -%}
    {%- if name not in known -%}
        {{ exceptions.raise_compiler_error(
            "Unknown source '" ~ name ~ "': SOURCE (or var source) must be one of "
            ~ known | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {{ return(name) }}
{%- endmacro %}

{#
    Rows of one entity of the active source; where the source lacks the entity, an empty
    relation with the columns and types of the calling model's contract.
#}
{% macro source_rows(entity) -%}
    {%- set source_name = active_source() -%}
    {%- if entity in var('source_entities')[source_name] -%}
        {{ ref('stg_' ~ source_name ~ '__' ~ entity) }}
    {%- else -%}
        (
            select
                {% for column in model['columns'].values() -%}
                cast(null as {{ column['data_type'] }}) as {{ column['name'] }}
                {{- ',' if not loop.last }}
                {% endfor %}
            where 1 = 0
        )
    {%- endif -%}
{%- endmacro %}
