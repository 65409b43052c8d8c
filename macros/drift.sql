{#
    The columns of a table that champions read, by kind (numbers, texts); none before
    there is a registry or a table.
#}
{% macro champion_features(features, registry) -%}
    {%- set found = {'numbers': [], 'texts': []} -%}
    {%- if not execute
        or not load_relation(registry) or not load_relation(features) -%}
        {{ return(found) }}
    {%- endif -%}
    {%- set live = run_query(
        "select feature_names from " ~ registry
        ~ " where status = 'champion' and feature_names is not null"
    ) -%}
    {%- set names = [] -%}
    {%- for row in live.rows -%}
        {%- do names.extend(fromjson(row[0])) -%}
    {%- endfor -%}
    {%- for column in adapter.get_columns_in_relation(features)
        if column.name in names -%}
        {%- set is_text = column.dtype | lower in ['varchar', 'string', 'text'] -%}
        {%- do found['texts' if is_text else 'numbers'].append(column.name) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#
    Days of history that make two users equal for a feature: the age of both, counted up
    to the feature's window, in steps of 28 days. What looks back without an end and
    grows by it (var drift_growing_features) needs the whole age; a share or a mean of
    all history none.
#}
{% macro history_days(feature_name, age_days) -%}
    {%- set window_days =
        "try_cast(regexp_extract(" ~ feature_name ~ ", '_([0-9]+)d$', 1) as int)"
        ~ " * case when " ~ feature_name ~ " like '%trend%' then 2 else 1 end" -%}
    cast(case
        when {{ feature_name }} in (
            '{{ var('drift_growing_features') | join("', '") }}'
        )
            then {{ age_days }} - mod({{ age_days }}, 28)
        when {{ age_days }} >= {{ window_days }} then {{ window_days }}
        when {{ window_days }} is not null then {{ age_days }} - mod({{ age_days }}, 28)
        else 0
    end as bigint)
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
    One bin's part of the population stability index, (p - q) ln(p / q), with p its share
    of the rows now and q the share expected of as many rows. An empty bin counts as var
    drift_empty_bin_rows rows, of those that there were earlier.
#}
{% macro stability_term(row_count, expected_row_count, total, earlier_total) -%}
    {%- set least = var('drift_empty_bin_rows') -%}
    {%- set share = 'greatest(' ~ row_count ~ ', ' ~ least ~ ') / ' ~ total -%}
    {%- set earlier_share =
        'greatest(' ~ expected_row_count ~ ' / ' ~ total ~ ', ' ~ least ~ ' / '
        ~ earlier_total ~ ')' -%}
    ({{ share }} - {{ earlier_share }}) * ln(({{ share }}) / {{ earlier_share }})
{%- endmacro %}

{# Whether an index is stable, to watch or drifted, by thresholds of a var. #}
{% macro drift_verdict(index, thresholds) -%}
    case
        {%- for verdict in ['drifted', 'watch'] %}
        when {{ index }} >= {{ thresholds[verdict] }} then '{{ verdict }}'
        {%- endfor %}
        else 'stable'
    end
{%- endmacro %}

{#
    Quantile of Student's t from that of the normal, for a number of earlier values: the
    expansion by Cornish and Fisher, Abramowitz and Stegun (1964), 26.7.5. From three
    values on it lies within a tenth of the quantile.
#}
{% macro student_quantile(z, values) -%}
    {{ z }}
    + {{ (z ** 3 + z) / 4 }} / {{ values }}
    + {{ (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 }} / power({{ values }}, 2)
    + {{ (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 }}
    / power({{ values }}, 3)
{%- endmacro %}
