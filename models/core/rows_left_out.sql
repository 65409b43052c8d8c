-- one row per entity and reason for which rows were left out before anything was made
{% set reasons = ['erased', 'expired'] -%}
{% set entities = instant_of().keys() | list + ['users'] -%}
with

counted as (
    {% for entity in entities -%}
        {% for reason in reasons -%}
            select
                '{{ entity }}' as entity,
                '{{ reason }}' as reason,
                {{ rows_left_out(entity, reason) }} as row_count
            {% if not loop.last %}union all{% endif %}
        {% endfor -%}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    entity,
    reason,
    cast(row_count as bigint) as row_count
from counted
