{#
    Writes a dirty copy of a folder of clean tables, and what was planted where.

        dbt run-operation plant_dirt --args '{seed: 1, shares: {nulls: 0.01}}'

    Every `<table>.parquet` of the folder DEMO_SHOP_DIR is written anew to the folder
    DIRTY_SHOP_DIR. `shares` says, per kind of dirt
    (dirt_kinds), which share of the rows to strike; where a kind strikes several
    columns of a table, they divide its share evenly. A row carries one piece of dirt
    at most. What was planted stands in truth.planted_dirt, a row each.
#}
{% macro plant_dirt(seed, shares) %}
    {%- do check_dirt_request(seed, shares) -%}
    {%- set clean_folder = env_var(
        'DEMO_SHOP_DIR', 'demo_shop'
    ).rstrip('/') -%}
    {%- set dirty_folder = env_var(
        'DIRTY_SHOP_DIR', clean_folder ~ '_dirty'
    ).rstrip('/') -%}
    {%- set tables = clean_tables(clean_folder, dirty_folder, shares) -%}

    {#- a row of the dirty file is found by its number -#}
    {%- do run_query('set preserve_insertion_order = true') -%}
    {%- do make_folder(dirty_folder) -%}
    {%- do run_query('create schema if not exists truth') -%}
    {%- do run_query(empty_planted_dirt()) -%}
    {{ print('Dirty tables in ' ~ dirty_folder) }}
    {%- for table in tables -%}
        {%- do run_query(write_dirty_rows(table, seed)) -%}
        {%- if table.targets -%}
            {%- do run_query(list_planted_rows(table, seed)) -%}
        {%- endif -%}
        {{ print_planted(table, shares) }}
    {%- endfor -%}
{% endmacro %}

{# Raises, a sentence per fault, when seed or shares are not what they must be. #}
{% macro check_dirt_request(seed, shares) -%}
    {%- set kinds = dirt_kinds().keys() | list -%}
    {%- set faults = [] -%}
    {%- if seed is not integer -%}
        {%- do faults.append('seed: expected a whole number, found ' ~ seed ~ '.') -%}
    {%- endif -%}
    {%- if shares is not mapping -%}
        {%- do faults.append(
            'shares: expected {kind: share}, found ' ~ shares ~ '.'
        ) -%}
    {%- else -%}
        {%- for kind, share in shares.items() -%}
            {%- if kind not in kinds -%}
                {%- do faults.append(
                    "shares: unknown kind '" ~ kind ~ "', expected one of "
                    ~ kinds | join(', ') ~ '.'
                ) -%}
            {%- elif share is not number or share is boolean or not 0 <= share <= 1 -%}
                {%- do faults.append(
                    'share of ' ~ kind ~ ': expected a number from 0 to 1, found '
                    ~ share ~ '.'
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if faults -%}
        {{ exceptions.raise_compiler_error(
            'plant_dirt, ' ~ faults | join('\nplant_dirt, ')
        ) }}
    {%- endif -%}
{%- endmacro %}

{# The tables of the clean folder: files, columns with their types, targets of dirt. #}
{% macro clean_tables(clean_folder, dirty_folder, shares) -%}
    {%- if clean_folder == dirty_folder -%}
        {{ exceptions.raise_compiler_error(
            'plant_dirt: DIRTY_SHOP_DIR must be another folder than DEMO_SHOP_DIR, '
            ~ clean_folder ~ '.'
        ) }}
    {%- endif -%}
    {%- set tables = [] -%}
    {%- for row in run_query(
        'select file, parse_filename(file, true) from glob('
        ~ text_literal(clean_folder ~ '/*.parquet')
        ~ ') order by file'
    ).rows -%}
        {%- set clean_file = text_literal(row[0]) -%}
        {%- set types = {} -%}
        {%- for column in run_query('describe select * from ' ~ clean_file).rows -%}
            {%- do types.update({column[0]: column[1]}) -%}
        {%- endfor -%}
        {%- do tables.append({
            'entity': row[1],
            'clean_file': clean_file,
            'dirty_file': text_literal(dirty_folder ~ '/' ~ row[1] ~ '.parquet'),
            'types': types,
            'targets': dirt_targets(row[1], types.keys() | list, shares),
        }) -%}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            'plant_dirt: expected clean tables in ' ~ clean_folder
            ~ '/*.parquet (DEMO_SHOP_DIR), found none.'
        ) }}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}

{#
    What is struck in a table: the rules of the wanted kinds, column by column, each
    with an interval of the row's draw to itself.
#}
{% macro dirt_targets(entity, columns, shares) -%}
    {%- set targets = [] -%}
    {%- set taken = namespace(share=0) -%}
    {%- for kind, share in shares.items() if share > 0 and entity in dirt_keys() -%}
        {%- set struck = [] -%}
        {%- for rule in dirt_kinds()[kind] -%}
            {%- set named = [none] if rule.columns is none
                else rule.columns.get(entity, []) -%}
            {%- for column in named -%}
                {%- if column is none or column in columns -%}
                    {%- do struck.append(dict(rule, kind=kind, column=column)) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for target in struck -%}
            {%- do target.update(
                number=targets | length,
                first_draw=taken.share + share * loop.index0 / loop.length,
                last_draw=taken.share + share * loop.index / loop.length,
            ) -%}
            {%- do targets.append(target) -%}
        {%- endfor -%}
        {%- if struck -%}
            {%- set taken.share = taken.share + share -%}
        {%- endif -%}
    {%- endfor -%}
    {#- decimal shares that make up 1 may add up to a little more -#}
    {%- if taken.share > 1 + 1e-9 -%}
        {{ exceptions.raise_compiler_error(
            'plant_dirt: the shares that strike table ' ~ entity ~ ' add up to '
            ~ taken.share | round(6) ~ ', above 1; a row carries one piece of dirt.'
        ) }}
    {%- endif -%}
    {{ return(targets) }}
{%- endmacro %}

{% macro empty_planted_dirt() -%}
    create or replace table truth.planted_dirt (
        kind varchar,
        entity varchar,
        column_name varchar,
        source_row bigint,
        row_key varchar,
        clean_value varchar,
        dirty_value varchar,
        expected_status varchar,
        expected_reason varchar
    )
{%- endmacro %}

{#
    CTEs that end in struck_rows: every clean row, with its target and dirty value; read
    several times, the table comes as often, one reading after the other.
#}
{% macro struck_rows(table, seed, readings=1) -%}
    numbered_rows as (
        select
            *,
            file_row_number + 1 as source_row,
            file_index as reading
        from read_parquet(
            [{{ ([table.clean_file] * readings) | join(', ') }}], file_row_number = true
        )
    ),

    drawn_rows as (
        select
            *,
            {{ dirt_draw(seed, table.entity, 'target') }} as target_draw
        from numbered_rows
    ),

    aimed_rows as (
        select
            *,
            case
                {%- for target in table.targets %}
                when
                    target_draw >= {{ target.first_draw }}
                    and target_draw < {{ target.last_draw }}
                    and ({{ for_target(target.eligible, table, target, seed) }})
                    then {{ target.number }}
                {%- endfor %}
            end as target_number
        from drawn_rows
    ),

    struck_rows as (
        select
            *,
            case target_number
                {%- for target in table.targets %}
                when {{ target.number }}
                    then cast({{ target.column or 'null' }} as varchar)
                {%- endfor %}
            end as clean_value,
            case target_number
                {%- for target in table.targets %}
                when {{ target.number }}
                    then cast({{ dirty_value(table, target, seed) }} as varchar)
                {%- endfor %}
            end as dirty_value
        from aimed_rows
    )
{%- endmacro %}

{# An expression of dirt_kinds with the names and draws of a target put in. #}
{% macro for_target(expression, table, target, seed) -%}
    {{ expression
        | replace('<column>', target.column)
        | replace('<entity>', table.entity)
        | replace('<draw>', dirt_draw(seed, table.entity, target.kind ~ ' value')) }}
{%- endmacro %}

{# One of the dirty values of a target, by a draw of its own. #}
{% macro dirty_value(table, target, seed) -%}
    {%- set draw = dirt_draw(seed, table.entity, target.kind ~ ' variant') -%}
    (
        [
            {%- for expression in target.dirty %}
            {{ for_target(expression, table, target, seed) }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        ]
    )[1 + cast(floor({{ draw }} * {{ target.dirty | length }}) as int)]
{%- endmacro %}

{# A column of the dirty file: text as soon as one of its targets makes it text. #}
{% macro dirty_column(table, column) -%}
    {%- set name = adapter.quote(column) -%}
    {%- set struck = table.targets | selectattr('column', 'equalto', column) | list -%}
    {%- set swapped = table.targets
        | selectattr('swaps_with', 'defined')
        | selectattr('swaps_with', 'equalto', column) | list -%}
    {%- set is_text = struck | rejectattr('keeps_type', 'defined') | list or swapped -%}
    {%- set type = 'varchar' if is_text else table.types[column] -%}
    {%- if struck or swapped -%}
        case
            {%- if struck %}
            when target_number in ({{ struck | map(attribute='number') | join(', ') }})
                then cast(dirty_value as {{ type }})
            {%- endif %}
            {%- for target in swapped %}
            when target_number = {{ target.number }}
                then cast({{ target.column }} as {{ type }})
            {%- endfor %}
            else cast({{ name }} as {{ type }})
        end as {{ name }}
    {%- else -%}
        {{ name }}
    {%- endif -%}
{%- endmacro %}

{#
    Row i of the dirty file is row i of the clean one; the copies come after. One scan
    reads the table a second time for them: DuckDB keeps the order of a scan, but mixes
    the branches of a union.
#}
{% macro write_dirty_rows(table, seed) -%}
    {%- set copied = table.targets | rejectattr('column') | list -%}
    copy (
        {%- if not table.targets %}
        select * from read_parquet({{ table.clean_file }})
        {%- else %}
        with

        {{ struck_rows(table, seed, readings=1 + copied | length) }}

        select
            {%- for column in table.types %}
            {{ dirty_column(table, column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from struck_rows
        where
            reading = 0
            {%- for target in copied %}
            or target_number = {{ target.number }}
            {%- endfor %}
        {%- endif %}
    ) to {{ table.dirty_file }} (format parquet)
{%- endmacro %}

{% macro list_planted_rows(table, seed) -%}
    insert into truth.planted_dirt by name
    with

    {{ struck_rows(table, seed) }},

    targets (target_number, kind, column_name, expected_status, expected_reason) as (
        values
        {%- for target in table.targets %}
        (
            {{ target.number }},
            '{{ target.kind }}',
            {{ "'" ~ target.column ~ "'" if target.column else 'null' }},
            '{{ target.status }}',
            '{{ for_target(target.reason, table, target, seed) }}'
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ),

    keyed_rows as (
        select
            source_row,
            concat_ws('/', {{ dirt_keys()[table.entity] | join(', ') }}) as row_key,
            target_number,
            clean_value,
            dirty_value
        from struck_rows
        where target_number is not null
    ),

    listed_rows as (
        select
            targets.kind,
            '{{ table.entity }}' as entity,
            targets.column_name,
            keyed_rows.row_key,
            keyed_rows.clean_value,
            keyed_rows.dirty_value,
            targets.expected_status,
            targets.expected_reason,
            case
                when targets.column_name is not null then keyed_rows.source_row
                -- the n-th copy is n rows below the last clean row
                else
                    (select count(*) from read_parquet({{ table.clean_file }}))
                    + row_number() over (
                        partition by targets.kind order by keyed_rows.source_row
                    )
            end as source_row
        from keyed_rows
        inner join targets on keyed_rows.target_number = targets.target_number
    )

    select * from listed_rows
    order by source_row
{%- endmacro %}

{# One line: the rows written, and how many of which kind were planted. #}
{% macro print_planted(table, shares) -%}
    {%- set row_count = run_query(
        'select count(*) from read_parquet(' ~ table.dirty_file ~ ')'
    ).rows[0][0] -%}
    {%- set planted = {} -%}
    {%- for target in table.targets -%}
        {%- do planted.update({target.kind: 0}) -%}
    {%- endfor -%}
    {%- for row in run_query(
        "select kind, count(*) from truth.planted_dirt where entity = '"
        ~ table.entity ~ "' group by kind"
    ).rows -%}
        {%- do planted.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set counts = [] -%}
    {%- for kind, count in planted.items() -%}
        {%- do counts.append(kind ~ ' ' ~ count) -%}
    {%- endfor -%}
    {{ print('  %-20s %10d rows   %s' | format(
        table.entity, row_count, counts | join(', ') or 'clean'
    )) }}
{%- endmacro %}
