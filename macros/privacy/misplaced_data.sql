{#
    Personal data where the contract has none: in a column of another kind, in the heading
    of a column, in the name of a file. A sentence counts them and repeats nothing.
#}

{# Sentences about the names of the files of some tables. #}
{% macro file_name_faults(tables) -%}
    {%- set faults = [] -%}
    {%- for table in tables -%}
        {%- set named = [] -%}
        {%- set listed = listed_files(table.identifier) -%}
        {%- set start = shop_folder() | length
            + (0 if listed.is_mapped else table.identifier | length) -%}
        {%- for file in listed.files if looks_personal(file[start:]) -%}
            {%- do named.append(file) -%}
        {%- endfor -%}
        {%- if named -%}
            {%- do faults.append(
                'Table ' ~ table.name ~ ': expected files whose names say nothing of a person,'
                ~ ' found ' ~ named | length ~ ' with an e-mail address or a telephone number'
                ~ ' in the name, which is not repeated. Rename them: the name of its file is'
                ~ ' kept beside each row.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(faults) }}
{%- endmacro %}

{# A sentence about the headings of a file, or none. #}
{% macro heading_faults(file, names) -%}
    {%- set personal = [] -%}
    {%- for name in names if is_heading_personal(name) -%}
        {%- do personal.append(name) -%}
    {%- endfor -%}
    {%- if personal -%}
        {{ return([
            'File ' ~ file ~ ', first line: expected names of columns, found '
            ~ personal | length ~ ' that look like an e-mail address or a telephone number.'
            ~ ' They are not repeated, as the line may be the first row.'
        ]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}

{# Files as a message may name them. #}
{% macro shown_files(files) -%}
    {%- set shown = [] -%}
    {%- for file in files -%}
        {%- do shown.append(
            '(a name that is not shown)' if looks_personal(file[shop_folder() | length:])
            else file
        ) -%}
    {%- endfor -%}
    {{ return(shown | join(', ')) }}
{%- endmacro %}

{# Whether a name holds an e-mail address, or a telephone number as +44... or 13800138000. #}
{% macro looks_personal(name) -%}
    {{ return(modules.re.search(
        '[^\\s@＠/]\\s*[@＠]\\s*[^\\s@＠/.]|[+][0-9](?:[ ().-]{0,2}[0-9]){6}'
        ~ '|(?<![0-9])1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])', name
    ) is not none) }}
{%- endmacro %}

{# Whether a heading does, or has the digits of a telephone or card number and no date. #}
{% macro is_heading_personal(name) -%}
    {{ return(looks_personal(name) or modules.re.search(
        '(?<![0-9])(?!(?:19|20)[0-9]{2}[-._]?[01][0-9])(?:[0-9][ ().-]{0,2}){8,18}[0-9](?![0-9])',
        name
    ) is not none) }}
{%- endmacro %}

{# Sentences about columns of a table that hold more than var misplaced_values allows. #}
{% macro misplaced_values(table) -%}
    {%- set read = [] -%}
    {%- set named = [] -%}
    {%- set counts = [] -%}
    {%- for column in table.columns.values() -%}
        {%- set name = 'c' ~ loop.index0 -%}
        {%- do read.append({'name': name, 'meta': {'in_files': names_in_files([column])}}) -%}
        {%- if column.data_type == 'string'
            and column.name not in ['user_id', 'Customer ID', 'search_text', 'review_text']
            and column.config.meta.classification != 'personal' -%}
            {%- do named.append(column.name) -%}
            {%- do counts.append('count(raw_' ~ name ~ '), count(*) filter ('
                ~ is_misplaced('raw_' ~ name, column.name.endswith('_id')) ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not named or not listed_files(table.identifier).files -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        'select ' ~ counts | join(', ') ~ ' from (' ~ file_rows(table, read) ~ ')'
    ).rows[0] -%}
    {%- set most = var('misplaced_values') -%}
    {%- set faults = [] -%}
    {%- for column in named -%}
        {%- set values, misplaced = found[2 * loop.index0], found[2 * loop.index0 + 1] -%}
        {%- if misplaced >= most.rows and misplaced > most.share * values -%}
            {%- do faults.append(
                'Table ' ~ table.name ~ ', column ' ~ column ~ ': expected no personal data,'
                ~ ' found e-mail addresses, telephone or card numbers in ' ~ misplaced
                ~ ' of ' ~ values ~ ' values, which are not repeated (var misplaced_values).'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(faults) }}
{%- endmacro %}

{#
    Whether a value is an e-mail address, or in a column of words a number of a person.
    Cases, as both sides of an `and` may be computed for every row.
#}
{% macro is_misplaced(value, is_id) -%}
    case
        when contains({{ value }}, '@')
            then regexp_matches({{ value }}, '[^\s@]@[^\s@]+[.][^\s@]')
        {%- if not is_id %}
        when regexp_full_match({{ value }}, '\s*[+(]*[0-9][0-9 .()/-]{6,30}\s*')
            then {{ kind_of_number("[trim(" ~ value ~ "), '']") }} is not null
        {%- endif %}
        else false
    end
{%- endmacro %}
