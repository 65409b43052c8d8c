{#
    Stops a build before it overwrites anything when the files of the active source are
    not what its YAML declares, or a parameter is out of range. All faults come in one
    message, a sentence each. Commands that read no raw table (seed, docs) pass by.
#}
{% macro check_inputs() -%}
    {%- set reading_commands = ['build', 'run', 'snapshot', 'test', 'retry'] -%}
    {%- if execute and flags.WHICH in reading_commands -%}
        {%- set faults = var_faults() -%}
        {%- for table in graph.sources.values()
            | selectattr('source_name', 'equalto', shop('staging'))
            | sort(attribute='name') -%}
            {%- if shop('folder') -%}
                {%- do faults.extend(file_faults(table)) -%}
            {%- else -%}
                {%- do faults.extend(input_faults(table)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if shop('folder') -%}
            {{ print_files_not_read(graph.sources.values()
                | selectattr('source_name', 'equalto', shop('staging'))
                | map(attribute='identifier')) }}
        {%- endif -%}
        {%- if faults -%}
            {{ exceptions.raise_compiler_error(faults | join('\n')) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A list of sentences: which parameters are out of range. #}
{% macro var_faults() -%}
    {%- set faults = [] -%}
    {%- for name in ['category_learnt_share'] if not (
        var(name) is number and 0 < var(name) <= 1
    ) -%}
        {%- do faults.append(
            'Var ' ~ name ~ ': expected a share above 0 and at most 1, found '
            ~ var(name) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- for name in [
        'calibration_shift_kept', 'global_control_share', 'minimum_score',
        'least_stocked_share',
    ] if not (var(name) is number and 0 <= var(name) <= 1) -%}
        {%- do faults.append(
            'Var ' ~ name ~ ': expected a share from 0 to 1, found ' ~ var(name) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- for name in [
        'as_of_step_days', 'as_of_count', 'active_days', 'lapse_horizon_days',
        'test_window_count', 'validation_date_count', 'department_slots',
        'bootstrap_draws', 'max_training_rows', 'registry_versions_kept',
        'reason_count', 'reason_categories_per_user', 'decision_days',
        'draft_ahead_days', 'most_contacts_per_user_week',
    ] if not (var(name) is number and var(name) >= 1) -%}
        {%- do faults.append(
            'Var ' ~ name ~ ': expected a number of at least 1, found ' ~ var(name) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- if not (var('fit_threads') is number and var('fit_threads') >= 0) -%}
        {%- do faults.append(
            'Var fit_threads: expected a number of at least 0, found '
            ~ var('fit_threads') ~ '.'
        ) -%}
    {%- endif -%}
    {%- for name, words in {
        'slash_dates': ['day_first', 'month_first', 'refuse'],
        'csv_encoding': ['utf-8', 'latin-1', 'utf-16'],
    }.items() if var(name) not in words -%}
        {%- do faults.append(
            'Var ' ~ name ~ ': expected ' ~ words | join(' or ') ~ ', found ' ~ var(name)
            ~ '.'
        ) -%}
    {%- endfor -%}
    {%- for outcome in ['repaired', 'deduplicated', 'rejected']
        if not 0 <= var('data_quality_thresholds').get(outcome, -1) <= 1 -%}
        {%- do faults.append(
            'Var data_quality_thresholds, ' ~ outcome ~ ': expected a share from 0 to 1,'
            ~ ' found ' ~ var('data_quality_thresholds').get(outcome) ~ '.'
        ) -%}
    {%- endfor -%}
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
