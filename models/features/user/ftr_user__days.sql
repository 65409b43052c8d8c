-- one row per user and day with an order
with

orders as (
    select * from {{ ref('orders') }}
    where user_id is not null and not is_cancelled
),

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and is_basket_line and not is_cancelled
),

-- numbers are compared faster than words
products as (
    select
        product_id,
        coalesce(brand = '{{ shop('own_brand') }}', false) as is_own_brand,
        row_number() over (order by product_id) as product_number,
        case when category is not null then dense_rank() over (order by category) end
            as category_number,
        case
            when department is not null then dense_rank() over (order by department)
        end as department_number
    from {{ ref('products') }}
),

order_days as (
    select
        user_id,
        min(order_id) as first_order_id,
        order_date as activity_date,
        cast(count(*) as bigint) as order_count,
        cast(sum(line_count) as bigint) as line_count,
        cast(count(distinct location_id) as bigint) as location_count,
        sum(item_quantity) as item_quantity,
        sum(net_amount - cancelled_amount) as net_amount,
        sum(discount_amount) as discount_amount,
        sum(coupon_amount) as coupon_amount,
        cast(sum(case when has_coupon then 1 else 0 end) as bigint)
            as coupon_order_count,
        cast(sum(case when has_fuel then 1 else 0 end) as bigint) as fuel_order_count,
        cast(sum(extract(hour from ordered_at_local)) as bigint) as order_hour_sum,
        {{ weekday_number('order_date') }} as weekday_number
    from orders
    group by user_id, order_date
),

product_days as (
    select
        transactions.user_id,
        -- the order's day, should a line of it come a day later
        orders.order_date as activity_date,
        {{ count_few_distinct('products.category_number') }} as category_count,
        {{ count_few_distinct('products.department_number') }} as department_count,
        {{ count_few_distinct('products.product_number') }} as product_count,
        sum(transactions.net_amount) as basket_amount,
        sum(case when products.is_own_brand then transactions.net_amount else 0 end)
            as own_brand_amount
    from transactions
    inner join orders on transactions.order_id = orders.order_id
    inner join products on transactions.product_id = products.product_id
    group by transactions.user_id, orders.order_date
),

joined as (
    select
        order_days.user_id,
        order_days.first_order_id,
        order_days.order_count,
        order_days.line_count,
        order_days.location_count,
        order_days.coupon_order_count,
        order_days.fuel_order_count,
        order_days.order_hour_sum,
        order_days.weekday_number,
        coalesce(product_days.category_count, 0) as category_count,
        coalesce(product_days.department_count, 0) as department_count,
        coalesce(product_days.product_count, 0) as product_count,
        cast(order_days.item_quantity as decimal(18, 3)) as item_quantity,
        cast(order_days.net_amount as decimal(18, 2)) as net_amount,
        cast(coalesce(product_days.basket_amount, 0) as decimal(18, 2))
            as basket_amount,
        cast(order_days.discount_amount as decimal(18, 2)) as discount_amount,
        cast(order_days.coupon_amount as decimal(18, 2)) as coupon_amount,
        cast(coalesce(product_days.own_brand_amount, 0) as decimal(18, 2))
            as own_brand_amount,
        order_days.activity_date,
        lag(order_days.activity_date) over (
            partition by order_days.user_id order by order_days.activity_date
        ) as previous_activity_date
    from order_days
    left join product_days
        on
            order_days.user_id = product_days.user_id
            and order_days.activity_date = product_days.activity_date
)

select * from joined
