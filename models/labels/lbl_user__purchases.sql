-- one row per user and as-of date of customer value: purchase days and money after it
{% set windows = {
    'window': var('value_window_days'), 'test': var('value_test_days')
} -%}
with

as_of_dates as (select * from {{ ref('ftr_value_dates') }}),
purchases as (select * from {{ ref('ftr_user__purchases') }}),
user_days as (select * from {{ ref('ftr_user__days') }}),
money_days as (select * from {{ ref('ftr_user__money_days') }}),

drawn_users as (
    {{ drawn_users('purchases', 'customer_value') }}
),

-- refunds count on the day of the return, whenever the order was
movements as (
    select
        user_id,
        activity_date,
        1 as day_count,
        0 as net_amount
    from user_days
    union all
    select
        user_id,
        activity_date,
        0 as day_count,
        net_amount
    from money_days
),

days_ahead as (
    select
        purchases.user_id,
        purchases.as_of_date,
        movements.day_count,
        movements.net_amount,
        {{ days_between('purchases.as_of_date', 'movements.activity_date') }}
            as days_ahead
    from purchases
    inner join movements
        on
            purchases.user_id = movements.user_id
            and purchases.as_of_date <= movements.activity_date
            and {{ days_after('purchases.as_of_date', windows.values() | max) }}
            > movements.activity_date
),

summed as (
    select
        user_id,
        {% for name, days in windows.items() -%}
            sum(case when days_ahead < {{ days }} then day_count else 0 end)
                as day_count_in_{{ name }},
            sum(case when days_ahead < {{ days }} then net_amount else 0 end)
                as net_amount_in_{{ name }},
        {% endfor -%}
        as_of_date
    from days_ahead
    group by user_id, as_of_date
),

-- unknown while the window is open
labelled as (
    select
        purchases.user_id,
        purchases.first_order_id,
        drawn_users.is_drawn,
        {% for name, days in windows.items() -%}
            case
                when
                    {{ days_after('purchases.as_of_date', days) }}
                    <= as_of_dates.scoring_date
                    then
                        cast(coalesce(summed.day_count_in_{{ name }}, 0) as bigint)
            end as day_count_in_{{ name }},
            case
                when
                    {{ days_after('purchases.as_of_date', days) }}
                    <= as_of_dates.scoring_date
                    then
                        cast(coalesce(summed.net_amount_in_{{ name }}, 0) as double)
            end as net_amount_in_{{ name }},
        {% endfor -%}
        purchases.as_of_date
    from purchases
    inner join as_of_dates on purchases.as_of_date = as_of_dates.as_of_date
    inner join drawn_users on purchases.user_id = drawn_users.user_id
    left join summed
        on
            purchases.user_id = summed.user_id
            and purchases.as_of_date = summed.as_of_date
)

select * from labelled
