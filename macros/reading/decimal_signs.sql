{#
    The decimal sign of each file and column of numbers: {column: {file: ',' or '.'}}, from
    the cells that leave no doubt, else from the file's other columns. `faults` are
    sentences about columns where such cells disagree and others may be read in two ways.
    Var decimal_sign settles it for all files.
#}
{% macro decimal_signs(table, columns) -%}
    {%- set found = {'signs': {}, 'faults': [], 'told': []} -%}
    {%- set numbers = columns | selectattr('data_type', 'defined') | list -%}
    {%- set names = [] -%}
    {%- for column in numbers if column.data_type.startswith('decimal') -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
    {%- if var('decimal_sign') != 'auto' or not names or not is_reading() -%}
        {{ return(found) }}
    {%- endif -%}
    {%- set by_file = {} -%}
    {%- for group in grouped_files(table, listed_files(table.identifier).files)
        if not group.fault -%}
        {%- set lowered = group.names | map('lower') | list -%}
        {%- set given = names | select('in', lowered) | list -%}
        {%- for row in run_query(sign_counts(group.relation, given)).rows if given -%}
            {%- for name in given -%}
                {%- set cells = row.values()[3 * loop.index0 + 1:][:3] -%}
                {%- do by_file.setdefault(row[0], {}).update({name: {
                    'comma': cells[0], 'point': cells[1], 'doubt': cells[2]
                }}) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for file, cells in by_file.items() -%}
        {%- set of_file = [] -%}
        {%- for cell in cells.values() -%}
            {%- do of_file.extend(([','] if cell.comma else []) + (['.'] if cell.point else [])) -%}
        {%- endfor -%}
        {%- for name, cell in cells.items() if cell.doubt -%}
            {%- if cell.comma and cell.point -%}
                {%- do found.faults.append(
                    'File ' ~ shop_folder() ~ '/' ~ file ~ ', column ' ~ name ~ ": expected one decimal sign, found '"
                    ~ cell.comma ~ "' and '" ~ cell.point ~ "', so '" ~ cell.doubt
                    ~ "' may be two numbers. Set var decimal_sign to comma or point."
                ) -%}
            {%- else -%}
                {%- set own = ',' if cell.comma else '.' if cell.point else none -%}
                {%- set sign = own or (of_file[0] if of_file | unique | list | length == 1 else none) -%}
                {%- if sign -%}
                    {%- do found.signs.setdefault(name, {}).update({file: sign}) -%}
                    {%- do found.told.append(
                        'File ' ~ shop_folder() ~ '/' ~ file ~ ', column ' ~ name ~ ": '" ~ cell.doubt
                        ~ "' is read with a decimal " ~ ('comma' if sign == ',' else 'point') ~ ', as '
                        ~ ("'" ~ (cell.comma or cell.point) ~ "' is." if own else 'the other columns are.')
                    ) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Per file, and per column a cell of each kind: surely a comma, surely a point, in doubt. #}
{% macro sign_counts(relation, names) -%}
    select
        source_file
        {%- for name in names %},
        min(cell_{{ loop.index }}) filter ({{ shows_sign('digits_' ~ loop.index, ',', '[.]') }}),
        min(cell_{{ loop.index }}) filter ({{ shows_sign('digits_' ~ loop.index, '[.]', ',') }}),
        min(cell_{{ loop.index }}) filter ({{ is_in_doubt('digits_' ~ loop.index) }})
        {%- endfor %}
    from (
        select
            *
            {%- for name in names %},
            case
                when regexp_matches(cell_{{ loop.index }}, '[.,]|[^\x00-\x7F]')
                    then {{ digits_of(unescaped('cell_' ~ loop.index, false)) }}
            end as digits_{{ loop.index }}
            {%- endfor %}
        from (
            select
                substr("(file)", {{ shop_folder() | length + 2 }}) as source_file
                {%- for name in names %},
                cast(columns(lambda name: lower(name) = '{{ name }}') as varchar)
                    as cell_{{ loop.index }}
                {%- endfor %}
            from {{ relation }}
        ) as cells
    ) as numbers
    group by source_file
    order by source_file
{%- endmacro %}

{# The decimal sign of the row's file in a column, as SQL. #}
{% macro sign_of_file(signs, name) -%}
    {%- if var('decimal_sign') != 'auto' -%}
        {{ return("'" ~ {'comma': ',', 'point': '.'}[var('decimal_sign')] ~ "'") }}
    {%- endif -%}
    {%- set cases = [] -%}
    {%- for file, sign in signs.get(name, {}).items() -%}
        {%- do cases.append('when source_file = ' ~ as_literal(file) ~ " then '" ~ sign ~ "'") -%}
    {%- endfor -%}
    {{ return(('case ' ~ cases | join(' ') ~ ' end') if cases else 'cast(null as string)') }}
{%- endmacro %}
