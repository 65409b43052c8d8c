{# Sum over the rows at most so many days before the as-of date: exact, of a known type. #}
{% macro sum_within(column, days, data_type='bigint') -%}
    cast(
        sum(case when days_ago <= {{ days }} then {{ column }} else 0 end)
        as {{ data_type }}
    )
{%- endmacro %}
