{# Sum over rows of which each counts less the older it is, by e per so many days: exact. #}
{% macro decayed_sum(days_ago, days) -%}
    cast(
        sum(cast(exp(-{{ days_ago }} / {{ days }}.0) as decimal(10, 9))) as double
    )
{%- endmacro %}
