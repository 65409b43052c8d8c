-- one row per category or department whose purchases are predicted per user
with

as_of_dates as (
    select min(as_of_date) as first_as_of_date
    from {{ ref('as_of_dates') }}
    where is_grid_date
),

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and is_basket_line and not is_cancelled
),

products as (
    select * from {{ ref('products') }}
    where product_kind = 'goods' and is_in_catalogue
),

-- before the first training date, so that no later row can change it
first_sales as (
    select
        transactions.user_id,
        transactions.order_id,
        products.category,
        products.department
    from transactions
    inner join products on transactions.product_id = products.product_id
    inner join as_of_dates on transactions.order_date < as_of_dates.first_as_of_date
),

levelled as (
    {% for level in ['category', 'department'] -%}
        select
            '{{ level }}' as category_level,
            {{ level }} as category_name,
            count(distinct order_id) as order_count,
            count(distinct user_id) as user_count
        from first_sales
        where {{ level }} is not null
        group by {{ level }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

buyers as (
    select count(distinct user_id) as user_count
    from first_sales
),

-- categories that nearly everybody buys need no prediction
ranked as (
    select
        levelled.category_level,
        levelled.category_name,
        cast(row_number() over (
            partition by levelled.category_level
            order by levelled.order_count desc, levelled.category_name asc
        ) as bigint) as category_rank
    from levelled
    cross join buyers
    where
        levelled.user_count
        <= {{ var('category_most_buyers_share') }} * buyers.user_count
),

chosen as (
    select * from ranked
    where
        category_rank <= case category_level
            {% for level, count in var('predicted_categories').items() -%}
                when '{{ level }}' then {{ count }}
            {% endfor -%}
        end
)

select * from chosen
