-- one row per user, predicted category or department, and day it was looked at
with

product_days as (select * from {{ ref('ftr_user_product__visit_days') }}),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

categories as (select * from {{ ref('ftr_categories') }}),

{% for level in ['category', 'department'] -%}
    {{ level }}_days as (
        select
            product_days.user_id,
            categories.category_level,
            categories.category_name,
            cast(sum(product_days.view_count) as bigint) as view_count,
            cast(sum(product_days.cart_count) as bigint) as cart_count,
            product_days.activity_date
        from product_days
        inner join products on product_days.product_id = products.product_id
        inner join categories
            on
                categories.category_level = '{{ level }}'
                and products.{{ level }} = categories.category_name
        group by
            product_days.user_id,
            categories.category_level,
            categories.category_name,
            product_days.activity_date
    ),

{% endfor -%}
united as (
    select * from category_days
    union all
    select * from department_days
)

select * from united
