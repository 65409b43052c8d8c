-- one row per column of the plan's seeds and word that it may hold
{% set columns = {
    'category': ['department', 'category', 'subcategory'], 'brand': ['brand'],
} -%}
with

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

tasks as (select * from {{ ref('learning_tasks') }}),
days as (select * from {{ ref('market_calendar') }}),
segments as (select * from {{ ref('rfm_segments') }}),

united as (
    {% for column_name, words in plan_words().items() -%}
        {% for word in words -%}
            select
                '{{ column_name }}' as column_name,
                '{{ word }}' as choice
            union all
        {% endfor -%}
    {% endfor -%}
    {% for column_name, names in columns.items() -%}
        {% for name in names -%}
            select
                '{{ column_name }}' as column_name,
                {{ name }} as choice
            from products
            union all
        {% endfor -%}
    {% endfor -%}
    select
        'objective_task' as column_name,
        task as choice
    from tasks
    union all
    select
        'segment_name' as column_name,
        segment_name as choice
    from segments
    union all
    select
        'festival_name' as column_name,
        coalesce(shopping_festival, holiday_name) as choice
    from days
)

select distinct
    column_name,
    choice
from united
where choice is not null
