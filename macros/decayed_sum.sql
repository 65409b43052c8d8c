{# Sum over rows of which each counts less the older it is, by e per so many days: exact. #}
{% macro decayed_sum(days_ago, days) -%}
    {{ exact_sum('exp(-' ~ days_ago ~ ' / ' ~ days ~ '.0)') }}
{%- endmacro %}

{# Sum of doubles to nine decimals, the same in any order of rows. #}
{% macro exact_sum(value) -%}
    cast(sum(cast({{ value }} as decimal(18, 9))) as double)
{%- endmacro %}
