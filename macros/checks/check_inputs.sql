{#
    Stops a build before it overwrites anything when the files of the active source are
    not what its YAML declares, or a parameter is out of range. All faults come in one
    message, a sentence each. Commands that read no raw table (seed, docs) pass by.
#}
{% macro check_inputs() -%}
    {%- set reading_commands = ['build', 'run', 'snapshot', 'test', 'retry'] -%}
    {%- if execute and flags.WHICH in reading_commands -%}
        {%- set faults = var_faults() -%}
        {%- set tables = graph.sources.values()
            | selectattr('source_name', 'equalto', shop('staging'))
            | sort(attribute='name') -%}
        {%- if shop('folder') -%}
            {%- do faults.extend(mapping_faults()) -%}
            {%- do faults.extend(file_name_faults(tables)) -%}
            {%- if faults -%}
                {#- messages and dbt's log name the files that are read -#}
                {{ exceptions.raise_compiler_error(faults | join('\n')) }}
            {%- endif -%}
        {%- endif -%}
        {%- for table in tables -%}
            {%- if shop('folder') -%}
                {%- do faults.extend(
                    file_faults(table) or misplaced_values(table) or sign_faults(table)
                ) -%}
            {%- else -%}
                {%- do faults.extend(input_faults(table)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if shop('folder') -%}
            {{ print_files_not_read(tables | map(attribute='identifier')) }}
        {%- endif -%}
        {%- if faults -%}
            {{ exceptions.raise_compiler_error(faults | join('\n')) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A list of sentences: which vars are not what docs/vars.yml allows. #}
{% macro var_faults() -%}
    {%- set faults = run_query('select unnest(var_faults())').columns[0].values() | list -%}
    {%- if faults -%}
        {{ return(faults) }}
    {%- endif -%}
    {%- do faults.extend(retention_faults()) -%}
    {%- set zone = shop('timezone') -%}
    {%- if not run_query(
        "select 1 from pg_timezone_names() where name = '" ~ zone ~ "'"
    ).rows -%}
        {%- do faults.append(
            'Var shops, timezone: expected a zone such as Europe/Berlin, found ' ~ zone ~ '.'
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
