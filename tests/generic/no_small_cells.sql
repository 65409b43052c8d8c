{#
    Fails for cells of too few users, and for wholes that reveal such cells after the
    published parts of one kind are subtracted. `users` are columns that count users;
    `whole` is true for the row of a whole, `within` names it, `kind` the way it is cut.
#}
{% test no_small_cells(model, users, least, whole=none, within=none, kind=none) %}

with cells as (select * from {{ model }})

{% for column in users -%}
    select
        '{{ column }}' as cell,
        cast({{ column }} as bigint) as user_count
    from cells
    where {{ column }} between 1 and {{ least }} - 1
    {{ 'union all' if whole or not loop.last }}
{% endfor %}
{% if whole -%}
    {% for column in users -%}
        select
            '{{ column }} less its parts' as cell,
            cast(min(wholes.{{ column }}) - sum(parts.{{ column }}) as bigint)
                as user_count
        from cells as wholes
        inner join cells as parts on wholes.{{ within }} = parts.{{ within }}
        where ({{ whole | replace(kind, 'wholes.' ~ kind) }})
            and not ({{ whole | replace(kind, 'parts.' ~ kind) }})
        group by wholes.{{ within }}, parts.{{ kind }}
        having min(wholes.{{ column }}) - sum(parts.{{ column }})
            between 1 and {{ least }} - 1
        {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endif %}

{% endtest %}
