{#
    Days that the as-of dates of customer value lie before the scoring date: the scoring
    date itself, the test period, the validation as long before it, and dates to learn from,
    whose label windows are over by one of these.
#}
{% macro value_offsets() -%}
    {%- set offsets = [0, var('value_test_days'), 2 * var('value_test_days')] -%}
    {%- for number in range(var('value_as_of_count')) -%}
        {%- do offsets.append(var('value_window_days') + number * var('value_step_days')) -%}
    {%- endfor -%}
    {{ return(offsets | unique | sort | list) }}
{%- endmacro %}
