{#
    Stops a build before it overwrites anything when a raw table of the active source
    is not what the source's YAML declares, or a parameter is out of range: file there, columns there, types as declared,
    and rows in every table marked `required_rows`. All faults come in one message, a
    sentence each. Commands that read no raw table (seed, docs) pass by.
#}
{% macro check_inputs() -%}
    {%- set reading_commands = ['build', 'run', 'snapshot', 'test', 'retry'] -%}
    {%- if execute and flags.WHICH in reading_commands -%}
        {%- set faults = var_faults() -%}
        {%- for table in graph.sources.values()
            | selectattr('source_name', 'equalto', active_source())
            | sort(attribute='name') -%}
            {%- do faults.extend(input_faults(table)) -%}
        {%- endfor -%}
        {%- if faults -%}
            {{ exceptions.raise_compiler_error(faults | join('\n')) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A list of sentences: which parameters are out of range. #}
{% macro var_faults() -%}
    {%- set faults = [] -%}
    {%- if not 0 < var('audience_share') <= 1 -%}
        {%- do faults.append(
            'Var audience_share: expected a share above 0 and at most 1, found '
            ~ var('audience_share') ~ '.'
        ) -%}
    {%- endif -%}
    {%- for name in [
        'as_of_step_days', 'as_of_count', 'active_days', 'lapse_horizon_days',
        'test_window_count', 'validation_date_count', 'department_slots',
        'bootstrap_draws',
    ] if var(name) < 1 -%}
        {%- do faults.append(
            'Var ' ~ name ~ ': expected 1 or more, found ' ~ var(name) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- set zone = var('timezone') -%}
    {%- if not run_query(
        "select 1 from pg_timezone_names() where name = '" ~ zone ~ "'"
    ).rows -%}
        {%- do faults.append(
            'Var timezone: expected a zone such as Europe/Berlin, found ' ~ zone ~ '.'
        ) -%}
    {%- endif -%}
    {{ return(faults) }}
{%- endmacro %}

{# A list of sentences: what is wrong with one raw table. #}
{% macro input_faults(table) -%}
    {{ return(adapter.dispatch('input_faults')(table)) }}
{%- endmacro %}

{% macro default__input_faults(table) -%}
    {#- the bare location: under --empty the relation itself selects no row -#}
    {%- set location = source(table.source_name, table.name).external -%}
    {%- set where = 'Source ' ~ table.source_name ~ ', table ' ~ table.name -%}
    {%- set files = run_query('select file from glob(' ~ location ~ ') limit 1') -%}
    {%- if not files.rows -%}
        {{ return([where ~ ': expected the file ' ~ location ~ ', found none.']) }}
    {%- endif -%}

    {%- set faults = [] -%}
    {%- set columns = table.columns.values() -%}
    {%- set differing = run_query(differing_columns(columns, location)) -%}
    {%- for row in differing.rows -%}
        {%- do faults.append(
            where ~ ', column ' ~ row[0] ~ ': expected ' ~ row[1] ~ ', found '
            ~ (row[2] or 'no such column') ~ ' in ' ~ location ~ '.'
        ) -%}
    {%- endfor -%}
    {%- if table.config.meta.required_rows
        and not run_query('select 1 from ' ~ location ~ ' limit 1').rows -%}
        {%- do faults.append(
            where ~ ': expected rows, found none in ' ~ location ~ '.'
        ) -%}
    {%- endif -%}
    {{ return(faults) }}
{%- endmacro %}

{# DuckDB reads the declared types itself, so that `string` and `varchar` are one. #}
{% macro differing_columns(columns, location) -%}
    select
        declared.column_name,
        declared.column_type as expected_type,
        found.column_type as found_type
    from (
        describe select
            {% for column in columns -%}
            cast(null as {{ column.data_type }}) as {{ adapter.quote(column.name) }}
            {{- ',' if not loop.last }}
            {% endfor %}
    ) as declared
    left join (describe select * from {{ location }}) as found
        on lower(declared.column_name) = lower(found.column_name)
    where declared.column_type is distinct from found.column_type
    order by declared.column_name
{%- endmacro %}
