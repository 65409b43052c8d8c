{#
    Each rule above its threshold, once both tables are built; for `make check-data` a
    verdict per entity, what befell its rows, and every rule that met one.
#}
{% macro print_quality(results) %}
    {%- set built = {} -%}
    {%- for result in results if execute and result.status == 'success' -%}
        {%- do built.update({result.node.name: result.node.relation_name}) -%}
    {%- endfor -%}
    {%- set data_quality = built.data_quality -%}
    {%- set rows_counted = built.int_rows_counted -%}
    {%- set rows_doubted = built.int_rows_doubted -%}
    {%- if not data_quality or not rows_counted or not rows_doubted -%}{{ return('') }}{%- endif -%}
    {%- set is_check = invocation_args_dict.selector == 'check_data' -%}
    {%- set counted = run_query(
        "select entity, sum(row_count), sum(row_count) filter (repairs is not null),"
        ~ " sum(row_count) filter (row_status = 'deduplicated'),"
        ~ " sum(row_count) filter (row_status = 'rejected'), coalesce((select"
        ~ " bool_or(is_above_threshold) from " ~ data_quality ~ " as rules where"
        ~ " rules.entity = counted.entity), false) from " ~ rows_counted
        ~ " as counted group by entity order by entity"
    ) -%}
    {%- if is_check -%}
        {{ print('\n%-20s %10s %10s %10s %10s   %s' | format(
            'Rows read', 'in', 'repaired', 'deduplicated', 'rejected', 'verdict'
        )) }}
        {%- for row in counted.rows -%}
            {{ print('  %-18s %10d %10d %10d %10d   %s' | format(
                row[0], row[1], row[2] or 0, row[3] or 0, row[4] or 0,
                ('too much' if row[5] else 'good')
            )) }}
        {%- endfor -%}
        {%- set without_rows = shop('entities')
            | reject('in', counted.columns[0].values() | list + ['people']) | list -%}
        {%- if without_rows -%}
            {{ print('  no rows: ' ~ without_rows | join(', ')) }}
        {%- endif -%}
    {%- endif -%}
    {%- for row in run_query(
        "select entity, outcome, rule, rows_met, row_share, threshold,"
        ~ " is_above_threshold, example from " ~ data_quality ~ " left join ("
        ~ "select entity, 'doubted' as outcome, rule, example from " ~ rows_doubted
        ~ ") as doubted using (entity, outcome, rule) where is_above_threshold"
        ~ (" or rule <> 'any rule'" if is_check else '')
        ~ " order by is_above_threshold desc, entity, outcome, rows_met desc, rule"
    ).rows -%}
        {%- if loop.first -%}
            {{ print('\nRules that met a row') }}
        {%- endif -%}
        {{ print('  %-18s %-12s %10d (%5.1f %%)  %s%s' | format(
            row[0], row[1], row[3], 100 * row[4], row[2],
            ('  <- above the ' ~ 100 * row[5] ~ ' % of var '
            ~ ('doubt_thresholds' if row[1] == 'doubted' else 'data_quality_thresholds')
            if row[6] else '')
        )) }}
        {%- if row[7] -%}
            {{ print('                     for example ' ~ row[7]) }}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
