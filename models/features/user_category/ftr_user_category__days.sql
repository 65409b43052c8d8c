-- one row per user, predicted category or department, and day it was bought on
with

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and is_basket_line and not is_cancelled
),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods'
),

categories as (select * from {{ ref('ftr_categories') }}),

{% for level in ['category', 'department'] -%}
    {{ level }}_days as (
        select
            transactions.user_id,
            categories.category_level,
            categories.category_name,
            cast(count(*) as bigint) as line_count,
            cast(sum(transactions.net_amount) as decimal(18, 2)) as net_amount,
            transactions.order_date as activity_date
        from transactions
        inner join products on transactions.product_id = products.product_id
        inner join categories
            on
                categories.category_level = '{{ level }}'
                and products.{{ level }} = categories.category_name
        group by
            transactions.user_id,
            categories.category_level,
            categories.category_name,
            transactions.order_date
    ),

{% endfor -%}
united as (
    select * from category_days
    union all
    select * from department_days
),

linked as (
    select
        user_id,
        category_level,
        category_name,
        line_count,
        net_amount,
        activity_date,
        lag(activity_date, 1) over (
            partition by user_id, category_level, category_name
            order by activity_date
        ) as previous_activity_date,
        lag(activity_date, 2) over (
            partition by user_id, category_level, category_name
            order by activity_date
        ) as second_previous_activity_date
    from united
)

select * from linked
