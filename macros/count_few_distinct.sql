{# Distinct values, where a group has few rows: a list of them is faster than `distinct`. #}
{% macro count_few_distinct(column) -%}
    {{ return(adapter.dispatch('count_few_distinct')(column)) }}
{%- endmacro %}

{% macro default__count_few_distinct(column) -%}
    cast(list_unique(array_agg({{ column }})) as bigint)
{%- endmacro %}

{% macro spark__count_few_distinct(column) -%}
    cast(count(distinct {{ column }}) as bigint)
{%- endmacro %}
