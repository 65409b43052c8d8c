{# 1 to 5: one more for each of the four cuts that the value passes. #}
{% macro quintile_score(value, passes, cut) -%}
    1
    {%- for fifth in range(1, 5) %}
    + cast({{ value }} {{ passes }} {{ cut }}_{{ fifth }} as int)
    {%- endfor %}
{%- endmacro %}
