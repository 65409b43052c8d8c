{#
    Standard deviations to either side of the mean within which so much of a normal
    law lies: 1.959964 for .95. Newton's steps, which from 0 never overshoot, on the
    series of the law's area.
-#}
{% macro normal_reach(level) -%}
    {%- set found = namespace(reach=0.0) -%}
    {%- for _ in range(40) -%}
        {%- set area = namespace(term=found.reach, total=found.reach) -%}
        {%- for step in range(1, 80) -%}
            {%- set area.term = area.term * found.reach ** 2 / (2 * step + 1) -%}
            {%- set area.total = area.total + area.term -%}
        {%- endfor -%}
        {%- set fall = 2.718281828459045 ** (-(found.reach ** 2) / 2) -%}
        {%- set found.reach = found.reach
            + level / (0.7978845608028654 * fall) - area.total -%}
    {%- endfor -%}
    {{ found.reach | round(6) }}
{%- endmacro %}

{#
    An end, `low` or `high`, of Wilson's interval of a rate (1927), at the level of
    measured campaigns: sound at rates of 0 and 1 too.
-#}
{% macro wilson_end(end, rate, count) -%}
    {%- set reach = normal_reach(var('experiment_level')) -%}
    {%- set square = reach | float ** 2 -%}
    round(
        {{ 'greatest' if end == 'low' else 'least' }}(
            (
                {{ rate }} + {{ square / 2 }} / {{ count }}
                {{ '-' if end == 'low' else '+' }} {{ reach }} * sqrt(
                    {{ rate }} * (1 - {{ rate }}) / {{ count }}
                    + {{ square / 4 }} / {{ count }} / {{ count }}
                )
            ) / (1 + {{ square }} / {{ count }}),
            {{ 0 if end == 'low' else 1 }}
        ), 12
    )
{%- endmacro %}
