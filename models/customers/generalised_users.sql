-- one row per user: attributes as exact as at least as many users share as a cell needs
{% set least = var('minimum_cell_users') -%}
{% set attributes = [
    'age_band', 'income_band', 'gender', 'city', 'region', 'household_size',
] -%}
{# What is still told at each step; who is alone there goes on to the next. #}
{% set steps = [
    attributes,
    ['age_band', 'income_band', 'gender', 'region', 'household_size'],
    ['age_band', 'income_band', 'gender', 'region'],
    ['age_band', 'gender', 'region'],
    ['age_band', 'gender'],
    ['gender'],
    [],
] -%}
with

users as (select * from {{ ref('users') }}),

{% for told in steps -%}
    step_{{ loop.index }} as (
        select
            users.user_id,
            {% for attribute in attributes -%}
                {% if attribute in told -%}
                    users.{{ attribute }},
                {% elif attribute == 'household_size' -%}
                    cast(null as int) as household_size,
                {% else -%}
                    cast(null as string) as {{ attribute }},
                {% endif -%}
            {% endfor -%}
            {{ loop.index }} as step_number,
            count(*) over (
                {% if told -%}
                    partition by users.{{ told | join(', users.') }}
                {%- endif %}
            ) as step_user_count
        from users
        {% if not loop.first -%}
            inner join step_{{ loop.index0 }} as former
                on
                    users.user_id = former.user_id
                    and former.step_user_count < {{ least }}
        {%- endif %}
    ),

{% endfor -%}
united as (
    {% for told in steps -%}
        select * from step_{{ loop.index }}
        {% if not loop.last -%}
            where step_user_count >= {{ least }}
            union all
        {% endif -%}
    {% endfor %}
),

sized as (
    select
        *,
        count(*) over (
            partition by {{ attributes | join(', ') }}
        ) as class_user_count
    from united
),

-- the few whom no step holds take the smallest class along
ranked as (
    select
        *,
        dense_rank() over (
            order by
                class_user_count < {{ least }},
                class_user_count,
                {{ attributes | join(' nulls last,\n                ') }} nulls last
        ) as class_rank,
        max(case when class_user_count < {{ least }} then 1 else 0 end) over ()
            as has_few_left
    from sized
),

generalised as (
    select
        user_id,
        {% for attribute in attributes -%}
            case when class_rank > has_few_left then {{ attribute }} end
                as {{ attribute }},
        {% endfor -%}
        step_number
    from ranked
),

counted as (
    select
        *,
        cast(
            count(*) over (partition by {{ attributes | join(', ') }}) as bigint
        ) as class_user_count
    from generalised
)

select
    user_id,
    {{ attributes | join(',\n    ') }},
    class_user_count
from counted
-- a whole shop of too few
where class_user_count >= {{ least }}
