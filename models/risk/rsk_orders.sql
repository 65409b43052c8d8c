-- one row per order whose risk is judged: those of the last days of var risk
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

orders as (select * from {{ ref('orders') }}),

recent as (
    select
        orders.order_id,
        orders.user_id,
        orders.net_amount,
        orders.order_date,
        orders.ordered_at,
        scoring.as_of_date
    from orders
    cross join scoring
    {% if var('risk').days is integer -%}
        where
            orders.order_date
            >= {{ days_after('scoring.as_of_date', '-' ~ var('risk').days) }}
    {%- endif %}
)

select * from recent
