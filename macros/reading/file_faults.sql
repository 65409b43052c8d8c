{#
    A list of sentences: what keeps the files of one table from being read. Looks at the
    same files in the same way as the build does (shop_files.sql), every line of them.
    Columns that the contract does not know are named too, but keep nobody from building.
#}
{% macro file_faults(table) -%}
    {%- set faults = [] -%}
    {%- set files = table_files(table.identifier) -%}
    {%- if not files and table.config.meta.required_file -%}
        {%- set path = shop_folder() ~ '/' ~ table.identifier -%}
        {%- do faults.append(
            'Table ' ~ table.name ~ ': expected the file ' ~ path ~ '.csv or ' ~ path
            ~ '.parquet, or files in the folder ' ~ path ~ ', found none.'
        ) -%}
    {%- endif -%}
    {%- set counted = namespace(rows=0) -%}
    {%- for file in files -%}
        {%- set found = parquet_faults(table, file) if file.endswith('.parquet')
            else csv_faults(table, file) -%}
        {%- do faults.extend(found.faults) -%}
        {%- set counted.rows = counted.rows + found.rows -%}
    {%- endfor -%}
    {%- if files and not faults and not counted.rows
        and table.config.meta.required_file -%}
        {%- do faults.append(
            'Table ' ~ table.name ~ ': expected rows, found none in '
            ~ files | join(', ') ~ '.'
        ) -%}
    {%- endif -%}
    {{ return(faults) }}
{%- endmacro %}

{# What is wrong with a CSV file, and how many rows it has. #}
{% macro csv_faults(table, file) -%}
    {%- set layout = csv_layout(file) -%}
    {%- if layout.fault -%}
        {{ return({'rows': 0, 'faults': [
            'File ' ~ file ~ ': expected a first line with the names of the columns, '
            ~ layout.fault ~ '.'
        ]}) }}
    {%- endif -%}

    {%- set names = layout.names | map('lower') | list -%}
    {%- set known = names_in_files(table.columns.values()) | map('lower') | list -%}
    {%- if not names | select('in', known) | list -%}
        {{ return({'rows': 0, 'faults': [
            'File ' ~ file ~ ', first line: expected names of columns, such as '
            ~ known[:5] | join(', ') ~ ', found none of the ' ~ known | length
            ~ ' that table ' ~ table.name ~ ' has. What stands there is not repeated, as'
            ~ ' it may be the first row.'
        ]}) }}
    {%- endif -%}

    {%- set faults = [] -%}
    {%- for name in names | unique if names.count(name) > 1 or not name -%}
        {%- do faults.append(
            'File ' ~ file ~ ', first line: expected a name of its own for each column,'
            ~ ' found ' ~ ("'" ~ shown_names([name]) ~ "' " ~ names.count(name) ~ ' times'
            if name else 'a column without a name') ~ '.'
        ) -%}
    {%- endfor -%}
    {%- if faults -%}
        {{ return({'rows': 0, 'faults': faults}) }}
    {%- endif -%}

    {%- do faults.extend(column_faults(table, file, layout.names)) -%}
    {%- if faults -%}
        {#- a query would write the names into dbt's log -#}
        {{ return({'rows': 0, 'faults': faults}) }}
    {%- endif -%}
    {%- set tried = tried_queries(file, [
        'select count(*), count(columns(*)) from ' ~ file_relation(file, rejects=true),
        'select line, min(cast(error_type as varchar)), min(error_message),'
        ~ ' count(*) over () from reject_errors group by line order by line limit 3',
    ]) -%}
    {%- if tried.fault -%}
        {%- do faults.append('File ' ~ file ~ ': ' ~ tried.fault) -%}
        {{ return({'rows': 0, 'faults': faults}) }}
    {%- endif -%}
    {%- for line, error_type, message, line_count in tried.answers[1] -%}
        {%- do faults.append(
            'File ' ~ file ~ ', line ' ~ line ~ ': ' ~ error_type | lower ~ ', '
            ~ message | replace('\n', ' ') | truncate(200)
            ~ (' (' ~ line_count ~ ' such lines in all)' if line_count > 3 else '')
        ) -%}
    {%- endfor -%}
    {{ return({'rows': tried.answers[0][0][0], 'faults': faults}) }}
{%- endmacro %}

{# What is wrong with a Parquet file, and how many rows it has. #}
{% macro parquet_faults(table, file) -%}
    {%- set described = tried_queries(file, [
        'describe select * from ' ~ file_relation(file)
    ]) -%}
    {%- if described.fault -%}
        {{ return({'rows': 0, 'faults': ['File ' ~ file ~ ': ' ~ described.fault]}) }}
    {%- endif -%}
    {%- set columns = described.answers[0] | rejectattr(0, 'equalto', 'file_row_number') -%}
    {%- set columns = columns | list -%}
    {%- set faults = column_faults(table, file, columns | map(attribute=0) | list) -%}
    {%- set known = names_in_files(table.columns.values()) | map('lower') | list -%}
    {%- for name, data_type, _, _, _, _ in columns if name | lower in known
        and (data_type.endswith(']') or data_type.endswith(')')
            and not data_type.startswith('DECIMAL') and not data_type.startswith('ENUM')) -%}
        {%- do faults.append(
            'File ' ~ file ~ ', column ' ~ name ~ ': expected one value a row, found '
            ~ data_type | truncate(60) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- if faults -%}
        {{ return({'rows': 0, 'faults': faults}) }}
    {%- endif -%}
    {%- set tried = tried_queries(file, [
        'select count(*), ' ~ known_columns(table.columns.values(), 'bit_xor(hash(', '))')
        ~ ' from ' ~ file_relation(file)
    ]) -%}
    {%- if tried.fault -%}
        {{ return({'rows': 0, 'faults': ['File ' ~ file ~ ': ' ~ tried.fault]}) }}
    {%- endif -%}
    {{ return({'rows': tried.answers[0][0][0], 'faults': []}) }}
{%- endmacro %}

{# Required columns that a file lacks; others that it has are printed, not faults. #}
{% macro column_faults(table, file, names) -%}
    {%- set faults = [] -%}
    {%- set lowered = names | map('lower') | list -%}
    {%- for column in table.columns.values() if column.config.meta.required
        and not names_in_files([column]) | map('lower') | select('in', lowered) | list -%}
        {%- do faults.append(
            'File ' ~ file ~ ': expected the column '
            ~ names_in_files([column]) | join(' or ') ~ ', found only '
            ~ shown_names(names) | truncate(300) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- set known = names_in_files(table.columns.values()) | map('lower') | list -%}
    {%- for name in names if name | lower not in known -%}
        {{ print('File ' ~ file ~ ': column ' ~ shown_names([name]) ~ ' is not in the contract and'
            ~ ' is not read.') }}
    {%- endfor -%}
    {{ return(faults) }}
{%- endmacro %}

{# Says which files of the shop's folder no table reads, such as Users.xlsx. #}
{% macro print_files_not_read(tables) -%}
    {%- set read = [] -%}
    {%- for table in tables -%}
        {%- do read.extend(table_files(table)) -%}
    {%- endfor -%}
    {%- set others = files_like(['/*', '/*/*']) | reject('in', read) | list -%}
    {%- if others -%}
        {{ print('Not read, because they are not named as a table of the contract: '
            ~ others[:5] | join(', ')
            ~ (' and ' ~ (others | length - 5) ~ ' more' if others | length > 5 else '')
            ~ '.') }}
    {%- endif -%}
{%- endmacro %}

{# Names of columns as a message may show them: what has an @ or five digits may be data. #}
{% macro shown_names(names) -%}
    {%- set shown = [] -%}
    {%- for name in names -%}
        {%- do shown.append(
            '(a name that is not shown)'
            if modules.re.search('@|[0-9]{5}', name) else name
        ) -%}
    {%- endfor -%}
    {{ return(shown | join(', ')) }}
{%- endmacro %}
