{#
    Forgets users, everywhere: dbt run-operation forget_user --args '{user_id: ...}', or
    '{file: ...}', a CSV with a column user_id. A name is an id of the source, a pseudonym
    or an e-mail address. docs/privacy.md says what becomes of what.
#}
{% macro forget_user(user_id=none, file=none) -%}
    {%- set receipt = asked_of('forget_users', user_id, file) -%}
    {%- if receipt -%}
        {{ print('Forgotten: ' ~ receipt.users | length ~ ' users of ' ~ receipt.source) }}
        {%- for place, counts in receipt.items() if counts is mapping -%}
            {{ print('  %-18s %4d files or tables, %6d rows' | format(
                place | replace('_', ' '), counts | length, counts.values() | sum
            )) }}
        {%- endfor -%}
        {%- for note in receipt.notes -%}{{ print('  ' ~ note) }}{%- endfor -%}
        {{ print('The next build makes sums, estimators and pages without them.') }}
    {%- endif -%}
{%- endmacro %}

{# Writes everything that is held on a user as one JSON file. #}
{% macro export_user(user_id) -%}
    {%- set export = asked_of('export_user', user_id, none) -%}
    {%- if export -%}
        {{ print('Written: ' ~ export.file ~ ', rows of ' ~ export.tables ~ ' tables') }}
    {%- endif -%}
{%- endmacro %}

{# What operations/personal_data answers; stops where it has a fault. #}
{% macro asked_of(function, user_id, file) -%}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set faults = mapping_faults() -%}
    {%- for table in graph.sources.values()
        | selectattr('source_name', 'equalto', shop('staging')) if shop('folder') -%}
        {%- set listed = listed_files(table.identifier) -%}
        {%- do faults.extend(listed.faults) -%}
        {%- do faults.extend(faults_inside(table, listed.files, in_full=false).faults) -%}
    {%- endfor -%}
    {%- if faults -%}
        {{ exceptions.raise_compiler_error(
            'Nothing was ' ~ ('erased' if function == 'forget_users' else 'exported') ~ ': '
            ~ faults | join('\n')
        ) }}
    {%- endif -%}
    {%- set with_decimals = graph.sources.values()
        | selectattr('source_name', 'equalto', shop('staging'))
        | selectattr('config.meta.ids_of_users_have_decimals', 'defined') | list -%}
    {%- set request = {
        'ids': [] if user_id is none else [user_id | string],
        'file': file,
        'source': active_source(),
        'raw_folder': shop_folder() if shop('folder') else none,
        'database': target.database,
        'target': flags.TARGET_PATH | string if flags.TARGET_PATH else 'target',
        'logs': flags.LOG_PATH | string if flags.LOG_PATH else 'logs',
        'today': run_started_at.strftime('%Y-%m-%d'),
        'encoding': csv_encoding(),
        'id_as_read': read_user_id('{column}', with_decimals | length > 0),
    } -%}
    {%- set answer = fromjson(run_query(
        'select ' ~ function ~ '(' ~ text_literal(tojson(request)) ~ ')'
    ).rows[0][0]) -%}
    {%- if answer.fault -%}{{ exceptions.raise_compiler_error(answer.fault) }}{%- endif -%}
    {{ return(answer) }}
{%- endmacro %}
