{#
    Files of a shop that come in the contract's shape: `<folder>/<table>.csv` or
    `.parquet`, or any number of both in the folder `<folder>/<table>/`, one per delivery.
#}
{% macro shop_folder() -%}
    {{ return((env_var('SHOP_DIR', '') or shop('folder')).rstrip('/')) }}
{%- endmacro %}

{# The files of one table, by name; one delivered again word for word is read once. #}
{% macro table_files(table) -%}
    {%- if not execute or not shop('folder') -%}{{ return([]) }}{%- endif -%}
    {%- set patterns = [] -%}
    {%- for ending in ['.csv', '.parquet', '/*.csv', '/*.parquet'] -%}
        {%- do patterns.append('/' ~ table ~ ending) -%}
    {%- endfor -%}
    {{ return(different_files(files_like(patterns))) }}
{%- endmacro %}

{# Files below the shop's folder that are named so, by name. #}
{% macro files_like(patterns) -%}
    {%- set globs = [] -%}
    {%- for pattern in patterns -%}
        {%- do globs.append(as_literal(as_pattern(shop_folder()) ~ pattern)) -%}
    {%- endfor -%}
    {%- set found = run_query(
        'select distinct file from glob([' ~ globs | join(', ') ~ ']) order by file'
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{# Of files with the same bytes the first by name: sizes are compared, then contents. #}
{% macro different_files(files) -%}
    {%- set literals = [] -%}
    {%- for file in files -%}
        {%- do literals.append(as_literal(as_pattern(file))) -%}
    {%- endfor -%}
    {%- set blobs = 'read_blob([' ~ literals | join(', ') ~ '])' -%}
    {%- if files | length < 2 or not run_query(
        'select size from ' ~ blobs ~ ' group by size having count(*) > 1 limit 1'
    ).rows -%}
        {{ return(files) }}
    {%- endif -%}
    {%- set found = run_query(
        'select min(filename) as file from ' ~ blobs ~ ' group by size, md5(content),'
        ~ ' right(filename, 4) order by file'
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{# Text as a SQL literal. #}
{% macro as_literal(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{# A path as the pattern that only it matches. #}
{% macro as_pattern(path) -%}
    {{ return(modules.re.sub('([*?[])', '[\\1]', path)) }}
{%- endmacro %}

{# How a CSV file is written: its delimiter, the names in its first line, or a fault. #}
{% macro csv_layout(file) -%}
    {%- set found = run_query(
        'select csv_layout(' ~ as_literal(file) ~ ', ' ~ as_literal(var('csv_encoding')) ~ ')'
    ) -%}
    {{ return(fromjson(found.rows[0][0])) }}
{%- endmacro %}

{# The answers to queries over a file, or a fault in words: operations/shop_files.py. #}
{% macro tried_queries(file, queries) -%}
    {%- set literals = [] -%}
    {%- for query in queries -%}
        {%- do literals.append(as_literal(query)) -%}
    {%- endfor -%}
    {%- set found = run_query(
        'select tried_queries(' ~ as_literal(file) ~ ', '
        ~ as_literal(var('csv_encoding')) ~ ', [' ~ literals | join(', ') ~ '])'
    ) -%}
    {{ return(fromjson(found.rows[0][0])) }}
{%- endmacro %}

{# A file as a relation; CSV as text, nothing guessed. `rejects` keeps its bad lines. #}
{% macro file_relation(file, rejects=false) -%}
    {%- set pattern = as_literal(as_pattern(file)) -%}
    {%- if file.endswith('.parquet') -%}
        {{ return(
            'read_parquet(' ~ pattern ~ ', file_row_number = true, binary_as_string = true)'
        ) }}
    {%- endif -%}
    {%- set layout = csv_layout(file) -%}
    {%- set columns = [] -%}
    {%- for name in layout.names -%}
        {%- do columns.append(as_literal(name) ~ ": 'varchar'") -%}
    {%- endfor -%}
    {{ return(
        'read_csv(' ~ pattern ~ ', auto_detect = false, header = true,'
        ~ ' columns = {' ~ columns | join(', ') ~ '}, delim = '
        ~ as_literal(layout.delimiter) ~ ", quote = '\"', escape = '\"', encoding = '"
        ~ var('csv_encoding') ~ "'" ~ (', store_rejects = true' if rejects else '') ~ ')'
    ) }}
{%- endmacro %}

{# Those columns of a file that the contract knows, each within the same expression. #}
{% macro known_columns(columns, before, after) -%}
    {{ return(
        before ~ "columns(lambda name: lower(name) in ('"
        ~ names_in_files(columns) | map('lower') | join("', '") ~ "'))" ~ after
    ) }}
{%- endmacro %}

{# What files call these columns: by their name, or as meta `in_files` lists. #}
{% macro names_in_files(columns) -%}
    {%- set names = [] -%}
    {%- for column in columns -%}
        {%- do names.extend(column.meta.get('in_files', [column.name])) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#
    Rows of one table of the shop's files, each column as text and called raw_<column>;
    a column that the files lack is null. `source_row` counts from 1 within a file.
#}
{% macro file_rows(table, columns) -%}
    select
        {% for column in columns -%}
        coalesce(null
            {%- for name in names_in_files([column]) -%}
            , {{ adapter.quote(name) }}
            {%- endfor -%}
        ) as raw_{{ column.name }},
        {% endfor -%}
        source_file,
        source_row
    from (
        select
            {% for name in names_in_files(columns) -%}
            cast(null as varchar) as {{ adapter.quote(name) }},
            {% endfor -%}
            cast(null as varchar) as source_file,
            cast(null as bigint) as source_row
        where 1 = 0
        {% for file in table_files(table.identifier) -%}
        union all by name
        select
            {{ known_columns(columns, 'cast(', ' as varchar)') }},
            {{ as_literal(file[shop_folder() | length + 1:]) }} as source_file,
            {{ 'file_row_number + 1' if file.endswith('.parquet')
                else 'row_number() over ()' }} as source_row
        from {{ file_relation(file) }}
        {% endfor -%}
    ) as united
{%- endmacro %}
