-- one row per table and set of attributes: how many of its users nobody else is like
{% set attributes = [
    'age_band', 'gender', 'city', 'household_size', 'income_band',
] -%}
{% set tables = {
    'core.users': 'users', 'customers.generalised_users': 'generalised',
} -%}
with

users as (select * from {{ ref('users') }}),
generalised as (select * from {{ ref('generalised_users') }}),

classes as (
    {% for table, rows in tables.items() -%}
        {% set last = loop.last -%}
        {% for attribute in attributes -%}
            {% set told = attributes[:loop.index] -%}
            select
                '{{ table }}' as table_name,
                '{{ told | join(", ") }}' as attribute_names,
                cast({{ loop.index }} as bigint) as attribute_count,
                count(*) as class_user_count
            from {{ rows }}
            group by {{ told | join(', ') }}
            {{ 'union all' if not (last and loop.last) }}
        {% endfor -%}
    {% endfor %}
),

summed as (
    select
        table_name,
        attribute_names,
        attribute_count,
        cast(sum(class_user_count) as bigint) as user_count,
        cast(
            sum(case when class_user_count = 1 then 1 else 0 end) as bigint
        ) as singled_out_count,
        cast(
            sum(
                case
                    when class_user_count < {{ var('minimum_cell_users') }}
                        then class_user_count
                    else 0
                end
            ) as bigint
        ) as small_class_user_count
    from classes
    group by table_name, attribute_names, attribute_count
),

-- how many stand out is a count of users, too
shown as (
    select
        table_name,
        attribute_names,
        attribute_count,
        {% for count in [
            'user_count', 'singled_out_count', 'small_class_user_count'
        ] -%}
            {{ unless_few([count], users=count) }},
        {% endfor -%}
        cast(user_count as double) as all_users
    from summed
),

shared as (
    select
        table_name,
        attribute_names,
        attribute_count,
        user_count,
        singled_out_count,
        small_class_user_count,
        round(singled_out_count / all_users, 12) as singled_out_share,
        round(small_class_user_count / all_users, 12) as small_class_share
    from shown
    where user_count is not null
)

select * from shared
