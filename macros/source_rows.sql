{# The active shop: the environment variable SOURCE, else var source. #}
{% macro active_source() -%}
    {%- set name = env_var('SOURCE', var('source')) -%}
    {%- set known = var('shops').keys() | list -%}
    {%- if name not in known -%}
        {{ exceptions.raise_compiler_error(
            "Unknown source '" ~ name ~ "': SOURCE (or var source) must be one of "
            ~ known | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {{ return(name) }}
{%- endmacro %}

{# One setting of the active shop, from var shops. #}
{% macro shop(setting) -%}
    {{ return(var('shops')[active_source()][setting]) }}
{%- endmacro %}

{#
    Rows of one entity of the active source, less those of forgotten users and those that
    are kept no longer; where the source lacks the entity, an empty relation with the
    columns and types of the calling model's contract.
#}
{% macro source_rows(entity) -%}
    {%- if entity in shop('entities') -%}
        {%- set staged = ref('stg_' ~ shop('staging') ~ '__' ~ entity) -%}
        {%- set rules = leaving_out_rules(entity) -%}
        {%- if rules -%}
        (
            select * from {{ staged }}
            where not coalesce({{ rules.values() | join(', false) and not coalesce(') }}, false)
        )
        {%- else -%}
        {{ staged }}
        {%- endif -%}
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

{#
    The columns of an entity as intake declares them, less what reading adds: a list of
    {name, data_type, meta}. Empty while dbt only parses.
#}
{% macro contract_columns(entity) -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- set intake = graph.nodes['model.' ~ project_name ~ '.intake_' ~ entity] -%}
        {%- for column in intake.columns.values()
            if column.name not in
                ['source_file', 'source_row', 'read_fault', 'read_repairs'] -%}
            {%- do columns.append(column) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{# What intake asks for beside the data, where a source is typed and read as it is. #}
{% macro nothing_noted() -%}
    cast(null as timestamp) as updated_at,
    cast(null as string) as source_file,
    cast(null as bigint) as source_row,
    cast(null as string) as read_fault,
    cast(null as string) as read_repairs
{%- endmacro %}
