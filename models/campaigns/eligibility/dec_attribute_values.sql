-- one row per user and attribute that an audience needs, as of the scoring date
{% set attributes = plan_attributes() -%}
{% set numbers = {
    'current_features': attributes.numbers, 'users': attributes.user_numbers,
    'members': attributes.member_numbers,
} -%}
{% set texts = {
    'current_features': attributes.texts, 'users': attributes.user_texts,
    'members': attributes.member_texts,
} -%}
with

as_of_dates as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

features as (select * from {{ ref('ftr_user__snapshot') }}),

current_features as (
    select features.*
    from features
    inner join as_of_dates on features.as_of_date = as_of_dates.as_of_date
),

users as (select * from {{ ref('users') }}),

members as (select * from {{ ref('mbr_current_members') }}),

forecasts as (select * from {{ ref('user_value') }}),

needed as (
    select distinct attribute from {{ ref('plan_audience_conditions') }}
    where not is_activity
),

long as (
    {% for relation, columns in numbers.items() -%}
        {% for attribute in columns -%}
            select
                user_id,
                '{{ attribute }}' as attribute,
                cast(null as string) as text_value,
                cast({{ attribute }} as double) as number_value
            from {{ relation }}
            where '{{ attribute }}' in (select needed.attribute from needed)
            union all
        {% endfor -%}
    {% endfor -%}
    {% for name in ['expected_orders', 'expected_margin'] -%}
        select
            forecasts.user_id,
            needed.attribute,
            cast(null as string) as text_value,
            forecasts.{{ name }} as number_value
        from forecasts
        inner join needed
            on
                concat('{{ name }}_', cast(forecasts.horizon_days as string), 'd')
                = needed.attribute
        union all
    {% endfor -%}
    {% for relation, columns in texts.items() -%}
        {% set is_last_relation = loop.last -%}
        {% for attribute in columns -%}
            select
                user_id,
                '{{ attribute }}' as attribute,
                cast({{ attribute }} as string) as text_value,
                cast(null as double) as number_value
            from {{ relation }}
            where '{{ attribute }}' in (select needed.attribute from needed)
            {% if not (loop.last and is_last_relation) %}union all{% endif %}
        {% endfor -%}
    {% endfor -%}
)

select * from long
