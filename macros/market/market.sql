{# First day of the week of a date, weeks starting so many days after Monday. #}
{% macro market_week(date_expression, days_late='week_starts.days_late') -%}
    {{ days_after(
        date_expression,
        '-((' ~ weekday_number(date_expression) ~ ' - ' ~ days_late ~ ' + 7) % 7)'
    ) }}
{%- endmacro %}
