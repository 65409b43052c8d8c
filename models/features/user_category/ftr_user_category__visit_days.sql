-- one row per user, predicted category or department, and day it was looked at
with

events as (
    select * from {{ ref('events') }}
    where
        user_id is not null
        and event_type in ('view', 'add_to_cart')
),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

categories as (select * from {{ ref('ftr_categories') }}),

{% for level in ['category', 'department'] -%}
    {{ level }}_days as (
        select
            events.user_id,
            categories.category_level,
            categories.category_name,
            cast(count(case when events.event_type = 'view' then 1 end) as bigint)
                as view_count,
            cast(
                count(case when events.event_type = 'add_to_cart' then 1 end) as bigint
            ) as cart_count,
            events.occurred_on as activity_date
        from events
        inner join products on events.product_id = products.product_id
        inner join categories
            on
                categories.category_level = '{{ level }}'
                and products.{{ level }} = categories.category_name
        group by
            events.user_id,
            categories.category_level,
            categories.category_name,
            events.occurred_on
    ),

{% endfor -%}
united as (
    select * from category_days
    union all
    select * from department_days
)

select * from united
