-- one row per user and as-of date: what the user did in the days before
{% set windows = var('feature_windows').user -%}
{% set weeks = range(1, 14) -%}
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),
user_days as (select * from {{ ref('ftr_user__days') }}),

past_days as (
    select
        user_days.*,
        as_of_dates.as_of_date,
        {{ days_between('user_days.activity_date', 'as_of_dates.as_of_date') }}
            as days_ago
    from as_of_dates
    inner join user_days on as_of_dates.as_of_date > user_days.activity_date
),

summed as (
    select
        user_id,
        -- sorting users by it gives the same order under any pseudonym key, and
        -- no later row changes it
        min_by(first_order_id, activity_date) as first_order_id,
        cast(count(*) as bigint) as active_day_count,
        cast(sum(order_count) as bigint) as order_count,
        {% for days in windows -%}
            {{ sum_within('1', days) }} as active_day_count_{{ days }}d,
            {{ sum_within('order_count', days) }} as order_count_{{ days }}d,
            {{ sum_within('net_amount', days, 'decimal(18, 2)') }}
                as net_amount_{{ days }}d,
        {% endfor -%}
        {% for days in var('feature_windows').user_amount -%}
            {% for count in ['line_count', 'coupon_order_count'] -%}
                {{ sum_within(count, days) }} as {{ count }}_{{ days }}d,
            {% endfor -%}
            {% for amount in [
                'basket_amount', 'discount_amount', 'own_brand_amount', 'coupon_amount'
            ] -%}
                {{ sum_within(amount, days, 'decimal(18, 2)') }}
                    as {{ amount }}_{{ days }}d,
            {% endfor -%}
            {{ sum_within('category_count', days) }}
                as category_visit_count_{{ days }}d,
            {{ sum_within('location_count', days) }}
                as location_visit_count_{{ days }}d,
        {% endfor -%}
        {% for week in weeks -%}
            cast(count(
                case
                    when
                        days_ago > {{ 7 * week - 7 }} and days_ago <= {{ 7 * week }}
                        then 1
                end
            ) as bigint) as active_day_count_week_{{ week }},
        {% endfor -%}
        cast(sum(fuel_order_count) as bigint) as fuel_order_count,
        cast(count(case when weekday_number >= 5 then 1 end) as bigint)
            as weekend_day_count,
        cast(sum(order_hour_sum) as bigint) as order_hour_sum,
        cast(min(days_ago) as bigint) as days_since_last_order,
        cast(max(days_ago) as bigint) as days_since_first_order,
        cast(max(net_amount) as decimal(18, 2)) as largest_day_amount,
        as_of_date
    from past_days
    group by user_id, as_of_date
),

-- counting distinct weeks took longer than all the sums above
weeks_counted as (
    select
        *,
        cast(
            0
            {% for week in weeks -%}
                + case when active_day_count_week_{{ week }} > 0 then 1 else 0 end
            {% endfor -%}
            as bigint
        ) as active_week_count_91d
    from summed
)

select * from weeks_counted
