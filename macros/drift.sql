{#
    The features that champions of a grain read, by kind (numbers, texts): the name
    and the place, from 1, of the table of `features` that has it; none before there is a
    registry or a table.
#}
{% macro champion_features(grain, features, registry, tasks) -%}
    {%- set found = {'numbers': {}, 'texts': {}} -%}
    {%- if not execute
        or not load_relation(registry) or not load_relation(tasks) -%}
        {{ return(found) }}
    {%- endif -%}
    {%- set live = run_query(
        "select registry.feature_names from " ~ registry ~ " as registry inner join "
        ~ tasks ~ " as tasks on registry.task = tasks.task where tasks.grain = '"
        ~ grain ~ "' and registry.status = 'champion'"
        ~ " and registry.feature_names is not null"
    ) -%}
    {%- set names = [] -%}
    {%- for row in live.rows -%}
        {%- do names.extend(fromjson(row[0])) -%}
    {%- endfor -%}
    {%- for table in features if load_relation(table) -%}
        {%- set place = loop.index -%}
        {%- for column in adapter.get_columns_in_relation(table) -%}
            {%- set is_text = column.dtype | lower in ['varchar', 'string', 'text'] -%}
            {%- if column.name in names -%}
                {%- do found['texts' if is_text else 'numbers'].setdefault(
                    column.name, place
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#
    The nine cuts between tenths, aggregated over values with `upto` (rows of at most
    that value) and `total`: each is the least value that a tenth more of the rows do
    not exceed, a value of the data, so that engines agree. Whole numbers are compared.
#}
{% macro decile_cuts(value) -%}
    {%- for tenth in range(1, 10) %}
        min(case when upto * 10 >= total * {{ tenth }} then {{ value }} end)
            as cut_{{ tenth }}
        {%- if not loop.last -%},{%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# 1 to 10: one more for each cut that the value exceeds. Equal cuts are one. #}
{% macro decile_bin(value) -%}
    1
    {%- for tenth in range(1, 10) %}
        + cast({{ value }} > cut_{{ tenth }} as int)
    {%- endfor -%}
{%- endmacro %}

{#
    bin 1 to bin 10, null for no value; without a cut (the baseline knows no value) all
    values are one bin.
#}
{% macro bin_name(value) -%}
    case
        when {{ value }} is not null
            then 'bin ' || cast(coalesce({{ decile_bin(value) }}, 1) as string)
    end
{%- endmacro %}

{#
    One bin's part of the population stability index, (p - q) ln(p / q) with p and q its
    shares of the rows now (row_count of total) and of the baseline (baseline_row_count of
    baseline_total). An empty bin counts as var drift_empty_bin_rows rows.
#}
{% macro stability_term() -%}
    {%- set least = var('drift_empty_bin_rows') -%}
    {%- set share = 'greatest(row_count, ' ~ least ~ ') / total' -%}
    {%- set baseline_share =
        'greatest(baseline_row_count, ' ~ least ~ ') / baseline_total' -%}
    ({{ share }} - {{ baseline_share }})
    * ln(({{ share }}) / ({{ baseline_share }}))
{%- endmacro %}

{#
    Mean of the index over samples of one and the same distribution: what is no drift.
    Yurdakul (2018), Statistical Properties of Population Stability Index, dissertation,
    Western Michigan University: it is about (bins - 1)(1/n + 1/m), as a chi-square.
#}
{% macro stability_by_chance() -%}
    (bin_count - 1)
    * (1 / cast(row_count as double) + 1 / cast(baseline_row_count as double))
{%- endmacro %}

{# stable, watch or drifted by the vars; too few rows where chance could decide. #}
{% macro drift_verdict(stability_index, missing_change) -%}
    {%- set index_at = var('drift_thresholds') -%}
    {%- set missing_at = var('missing_share_thresholds') -%}
    case
        when least(row_count, baseline_row_count) < {{ var('drift_min_rows') }}
            then 'too few rows'
        {%- for verdict in ['drifted', 'watch'] %}
        when
            {{ stability_index }} >= {{ index_at[verdict] }}
            or abs({{ missing_change }}) >= {{ missing_at[verdict] }}
            then '{{ verdict }}'
        {%- endfor %}
        else 'stable'
    end
{%- endmacro %}
