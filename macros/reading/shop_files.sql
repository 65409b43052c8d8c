{#
    Files of a shop that come in the contract's shape: `<folder>/<table>.csv` or
    `.parquet`, or any number of both in the folder `<folder>/<table>/`, one per delivery;
    or as `<folder>/mapping.yml` says (operations/mapping).
#}
{% macro shop_folder() -%}
    {{ return((env_var('SHOP_DIR', '') or shop('folder')).rstrip('/')) }}
{%- endmacro %}

{# What operations/mapping and operations/shop_files.py answer about files. #}
{% macro asked_of_files(function, arguments) -%}
    {{ return(fromjson(run_query(
        'select ' ~ function ~ '(' ~ arguments | join(', ') ~ ')'
    ).rows[0][0])) }}
{%- endmacro %}

{# The files of one table, what stands in a file's place and is none, whether mapped. #}
{% macro listed_files(table) -%}
    {%- if not execute or not shop('folder') -%}
        {{ return({'files': [], 'faults': [], 'is_mapped': false}) }}
    {%- endif -%}
    {{ return(asked_of_files('files_of_table', [as_literal(shop_folder()), as_literal(table)])) }}
{%- endmacro %}

{# Var csv_encoding as operations/encodings.py takes it: a word, or JSON, one per file. #}
{% macro csv_encoding() -%}
    {%- set setting = var('csv_encoding') -%}
    {{ return(setting if setting is string else tojson(setting)) }}
{%- endmacro %}

{#
    Files of a table put together that are written in the same way: their names, fault,
    relation. Those of a mapped table are one, with the contract's names.
#}
{% macro grouped_files(table, files) -%}
    {%- if not files -%}{{ return([]) }}{%- endif -%}
    {{ return(asked_of_files('groups_of_table', [
        as_literal(shop_folder()), as_literal(table.identifier), as_literals(files),
        as_literal(csv_encoding())
    ])) }}
{%- endmacro %}

{# Files put together as they are written, whatever a mapping says. #}
{% macro files_as_written(files) -%}
    {%- if not files -%}{{ return([]) }}{%- endif -%}
    {{ return(asked_of_files(
        'grouped_files', [as_literals(files), as_literal(csv_encoding())]
    )) }}
{%- endmacro %}

{# A list of sentences: what is wrong with the mapping itself. #}
{% macro mapping_faults() -%}
    {%- if not shop('folder') -%}{{ return([]) }}{%- endif -%}
    {{ return(asked_of_files('mapping_faults', [as_literal(shop_folder())])) }}
{%- endmacro %}

{# Text as a SQL literal. #}
{% macro as_literal(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{# A path as the pattern that only it matches. #}
{% macro as_pattern(path) -%}
    {{ return(modules.re.sub('([*?[])', '[\\1]', path)) }}
{%- endmacro %}

{# Texts as a SQL list. #}
{% macro as_literals(texts) -%}
    {%- set literals = [] -%}
    {%- for text in texts -%}
        {%- do literals.append(as_literal(text)) -%}
    {%- endfor -%}
    {{ return('[' ~ literals | join(', ') ~ ']') }}
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
    Names of those columns that the files of a table have: of the others nothing is read.
    All of them where nothing is built, as then what a table is made of is asked.
#}
{% macro columns_in_files(table, columns) -%}
    {%- set all_names = columns | map(attribute='name') | list -%}
    {%- if not is_reading() -%}{{ return(all_names) }}{%- endif -%}
    {%- set headings = [] -%}
    {%- for group in grouped_files(table, listed_files(table.identifier).files) -%}
        {%- if group.fault -%}{{ return(all_names) }}{%- endif -%}
        {%- do headings.extend(group.names | map('lower')) -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- for column in columns
        if names_in_files([column]) | map('lower') | select('in', headings) | list -%}
        {%- do found.append(column.name) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Whether dbt runs what it compiles. #}
{% macro is_reading() -%}
    {{ return(execute and flags.WHICH != 'generate') }}
{%- endmacro %}

{#
    Rows of one table of the shop's files, each column as text and called raw_<column>;
    a column that the files lack is null. `source_row` counts from 1 within a file.
#}
{% macro file_rows(table, columns) -%}
    {%- set signs = decimal_signs(table, columns).signs -%}
    select
        {% for column in columns -%}
        coalesce(null
            {%- for name in names_in_files([column]) -%}
            , {{ adapter.quote(name) }}
            {%- endfor -%}
        ) as raw_{{ column.name }},
        {% if (column.data_type or '').startswith('decimal') -%}
        {{ sign_of_file(signs, column.name) }} as sign_{{ column.name }},
        {% endif -%}
        {% endfor -%}
        source_file,
        source_row,
        {{ zone_of_file() }} as zone
    from (
        select
            {% for name in names_in_files(columns) -%}
            cast(null as varchar) as {{ adapter.quote(name) }},
            {% endfor -%}
            cast(null as varchar) as source_file,
            cast(null as bigint) as source_row
        where 1 = 0
        {% for group in grouped_files(table, listed_files(table.identifier).files) -%}
        union all by name
        select
            {{ known_columns(columns, 'cast(', ' as varchar)') }},
            substr("(file)", {{ shop_folder() | length + 2 }}) as source_file,
            "(row)" as source_row
        from {{ group.relation }}
        {% endfor -%}
    ) as united
{%- endmacro %}

{#
    The zone of times that name no offset: null for UTC, the shop's for files whose
    `timestamps` are local. The setting is one word, or one per file and `default`; that
    of a mapping may also name a zone.
#}
{% macro zone_of_file() -%}
    {%- set mapped = asked_of_files(
        'mapping_settings', [as_literal(shop_folder())]
    ).timestamps if execute and shop('folder') else none -%}
    {%- set kinds = mapped or shop('timestamps') or 'utc' -%}
    {%- set kinds = {'default': kinds} if kinds is string else kinds -%}
    {%- set zones = {'local': as_literal(shop('timezone')), 'utc': 'cast(null as string)'} -%}
    {%- if mapped and mapped not in zones -%}
        {%- do zones.update({mapped: as_literal(mapped)}) -%}
    {%- endif -%}
    case
        when false then ''
        {% for file, kind in kinds.items() if file != 'default' -%}
        when
            source_file = {{ as_literal(file) }}
            or starts_with(source_file, {{ as_literal(file ~ '/') }})
            then {{ zones[kind] }}
        {% endfor -%}
        else {{ zones[kinds.get('default', 'utc')] }}
    end
{%- endmacro %}
