-- one row per user and as-of date: where the money of the last 182 days went
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),

transactions as (
    select * from {{ ref('transactions') }}
    where user_id is not null and is_basket_line and not is_cancelled
),

products as (select * from {{ ref('products') }}),
slots as (select * from {{ ref('ftr_departments') }}),

department_days as (
    select
        transactions.user_id,
        transactions.order_date,
        slots.department_slot,
        sum(transactions.net_amount) as net_amount
    from transactions
    inner join products on transactions.product_id = products.product_id
    left join slots on products.department = slots.department
    group by transactions.user_id, transactions.order_date, slots.department_slot
),

-- one sum a row here, and the many columns from few rows
slots_summed as (
    select
        department_days.user_id,
        department_days.department_slot,
        sum(department_days.net_amount) as net_amount,
        as_of_dates.as_of_date
    from as_of_dates
    inner join department_days
        on
            as_of_dates.as_of_date > department_days.order_date
            and {{ days_after('as_of_dates.as_of_date', -182) }}
            <= department_days.order_date
    group by
        department_days.user_id,
        department_days.department_slot,
        as_of_dates.as_of_date
),

summed as (
    select
        user_id,
        cast(sum(net_amount) as double) as net_amount,
        {% for slot in range(1, var('department_slots') + 1) -%}
            cast(
                sum(case when department_slot = {{ slot }} then net_amount else 0 end)
                as double
            ) as department_amount_{{ slot }},
        {% endfor -%}
        as_of_date
    from slots_summed
    group by user_id, as_of_date
),

shared as (
    select
        user_id,
        {% for slot in range(1, var('department_slots') + 1) -%}
            department_amount_{{ slot }}
            / nullif(net_amount, 0) as department_share_{{ slot }},
        {% endfor -%}
        as_of_date
    from summed
)

select * from shared
