-- one row per user and attribute that audience rules may name, as of the scoring date
{% set attributes = plan_attributes() -%}
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

long as (
    {% for attribute in attributes.numbers -%}
        select
            user_id,
            '{{ attribute }}' as attribute,
            cast(null as string) as text_value,
            cast({{ attribute }} as double) as number_value
        from current_features
        union all
    {% endfor -%}
    {% for attribute in attributes.texts + attributes.user_texts -%}
        select
            user_id,
            '{{ attribute }}' as attribute,
            cast({{ attribute }} as string) as text_value,
            cast(null as double) as number_value
        from {{ 'users' if attribute in attributes.user_texts else 'current_features' }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from long
