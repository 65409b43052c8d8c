{#
    A list of sentences: what keeps the files of one table from being read. Looks at the
    same files in the same way as the build does (shop_files.sql), every line of them.
    Columns that the contract does not know are named too, but keep nobody from building.
#}
{% macro file_faults(table) -%}
    {%- set listed = listed_files(table.identifier) -%}
    {%- set faults = listed.faults -%}
    {%- if not listed.files and not faults and table.config.meta.required_file -%}
        {%- set path = shop_folder() ~ '/' ~ table.identifier -%}
        {%- do faults.append(
            'Table ' ~ table.name ~ ': expected the file ' ~ path ~ '.csv or ' ~ path
            ~ '.parquet, or files in the folder ' ~ path ~ ', found none.'
        ) -%}
    {%- endif -%}
    {%- set found = faults_inside(table, listed.files) -%}
    {%- do faults.extend(found.faults) -%}
    {%- if listed.files and not faults and not found.rows
        and table.config.meta.required_file -%}
        {%- do faults.append(
            'Table ' ~ table.name ~ ': expected rows, found none in '
            ~ listed.files | join(', ') | truncate(300) ~ '.'
        ) -%}
    {%- endif -%}
    {{ return(faults) }}
{%- endmacro %}

{#
    What is wrong with files of one table, and how many rows they have; where the reader
    looks into the rows itself, not `in_full`.
#}
{% macro faults_inside(table, files, in_full=true) -%}
    {%- set known = names_in_files(table.columns.values()) | map('lower') | list -%}
    {%- set faults = [] -%}
    {%- set counted = namespace(rows=0) -%}
    {%- set is_mapped = listed_files(table.identifier).is_mapped -%}
    {%- for group in files_as_written(files) -%}
        {%- set others = group.files | length - 1 -%}
        {%- set shown = group.files[0]
            ~ (' and ' ~ others ~ ' with the same columns' if others else '') -%}
        {%- set is_parquet = group.files[0].endswith('.parquet') -%}
        {%- if group.encoding not in ['', 'utf-8', 'xlsx'] -%}
            {%- set origins = {'auto': ' (found in its bytes)'} if var('csv_encoding') is string
                else {} -%}
            {{ print('File ' ~ shown ~ ': read as '
                ~ group.encoding | replace('cp1252', 'windows-1252')
                ~ origins.get(var('csv_encoding') | string, ' (var csv_encoding)' if origins else '')
                ~ '.') }}
        {%- endif -%}
        {#- a query would write names that are no names into dbt's log -#}
        {%- set of_columns = ['File ' ~ shown ~ ': ' ~ group.fault] if group.fault
            else name_faults(table, shown, group, known, is_mapped) if not is_parquet else [] -%}
        {%- if is_mapped and not of_columns -%}
            {%- do of_columns.extend(heading_faults(shown, group.names)) -%}
        {%- elif not of_columns -%}
            {%- do of_columns.extend(column_faults(table, shown, group, known)) -%}
        {%- endif -%}
        {%- do faults.extend(of_columns) -%}
        {%- if in_full and not of_columns -%}
            {%- set aggregates = 'count(columns(*))' if not is_parquet or is_mapped
                else known_columns(table.columns.values(), 'bit_xor(hash(', '))') -%}
            {%- set tried = asked_of_files('tried_files', [
                as_literals(group.files), as_literal(csv_encoding()),
                as_literal(aggregates)
            ]) -%}
            {%- do faults.extend(tried.faults) -%}
            {%- set counted.rows = counted.rows + tried.rows -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if is_mapped and in_full and not faults -%}
        {%- set tried = asked_of_files('tried_mapping', [
            as_literal(shop_folder()), as_literal(table.identifier),
            as_literal(csv_encoding())
        ]) -%}
        {%- do faults.extend(tried.faults) -%}
        {%- for note in tried.notes -%}{{ print('Table ' ~ table.name ~ ': ' ~ note) }}{%- endfor -%}
        {%- set counted.rows = tried.rows -%}
    {%- endif -%}
    {{ return({'rows': counted.rows, 'faults': faults}) }}
{%- endmacro %}

{# First lines that hold no names of columns, or one name twice. #}
{% macro name_faults(table, shown, group, known, is_mapped=false) -%}
    {%- set names = group.names | map('lower') | list -%}
    {%- if not is_mapped and not names | select('in', known) | list -%}
        {{ return([
            'File ' ~ shown ~ ', first line: expected names of columns, such as '
            ~ known[:5] | join(', ') ~ ', found none of the ' ~ known | length
            ~ ' that table ' ~ table.name ~ ' has. What stands there is not repeated, as'
            ~ ' it may be the first row.'
        ]) }}
    {%- endif -%}
    {%- set faults = [] -%}
    {%- for name in names | unique if names.count(name) > 1 or not name -%}
        {%- do faults.append(
            'File ' ~ shown ~ ', first line: expected a name of its own for each column,'
            ~ ' found ' ~ ("'" ~ shown_names([name]) ~ "' " ~ names.count(name) ~ ' times'
            if name else 'a column without a name') ~ '.'
        ) -%}
    {%- endfor -%}
    {{ return(faults) }}
{%- endmacro %}

{#
    Required columns that files lack, and columns with more than one value a row; others
    that they have are printed, not faults.
#}
{% macro column_faults(table, shown, group, known) -%}
    {%- set faults = heading_faults(shown, group.names) -%}
    {%- if faults -%}{{ return(faults) }}{%- endif -%}
    {%- set lowered = group.names | map('lower') | list -%}
    {%- for column in table.columns.values() if column.config.meta.required
        and not names_in_files([column]) | map('lower') | select('in', lowered) | list -%}
        {%- do faults.append(
            'File ' ~ shown ~ ': expected the column '
            ~ names_in_files([column]) | join(' or ') ~ ', found only '
            ~ shown_names(group.names) | truncate(300) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- for name, data_type in zip(group.names, group.types) if name | lower in known
        and (data_type.endswith(']') or data_type.endswith(')')
            and not data_type.startswith('DECIMAL') and not data_type.startswith('ENUM')) -%}
        {%- do faults.append(
            'File ' ~ shown ~ ', column ' ~ name ~ ': expected one value a row, found '
            ~ data_type | truncate(60) ~ '.'
        ) -%}
    {%- endfor -%}
    {%- set others = [] -%}
    {%- for name in group.names if name | lower not in known -%}
        {%- do others.append(name) -%}
    {%- endfor -%}
    {%- if others -%}
        {{ print('File ' ~ shown ~ ': not in the contract and not read: '
            ~ shown_names(others) | truncate(300) ~ '.') }}
    {%- endif -%}
    {{ return(faults) }}
{%- endmacro %}

{# Says which files of the shop's folder no table reads, such as Users.xlsx. #}
{% macro print_files_not_read(tables) -%}
    {%- set others = asked_of_files(
        'files_not_read', [as_literal(shop_folder()), as_literals(tables)]
    ) -%}
    {%- if others -%}
        {{ print('Not read, because they are not named as a table of the contract: '
            ~ shown_files(others[:5])
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
            if modules.re.search('@|[0-9]{5}', name) or is_heading_personal(name) else name
        ) -%}
    {%- endfor -%}
    {{ return(shown | join(', ')) }}
{%- endmacro %}

{# Numbers that may be read in two ways; what settled those of a file is printed. #}
{% macro sign_faults(table) -%}
    {%- set found = decimal_signs(table, table.columns.values() | list) -%}
    {%- for sentence in found.told -%}
        {{ print(sentence) }}
    {%- endfor -%}
    {{ return(found.faults) }}
{%- endmacro %}
