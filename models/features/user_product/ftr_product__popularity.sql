-- one row per product bought before and as-of date: how many buy it, and how often
with

as_of_dates as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_window_apart
),

-- each day of a user's product stands for all until the next
product_days as (
    select
        product_id,
        category,
        activity_date,
        count(*) over past as day_count,
        sum(quantity) over past as quantity,
        sum(net_amount) over past as net_amount,
        min(activity_date) over past as first_date,
        lead(activity_date) over past as next_date
    from {{ ref('ftr_user_product__days') }}
    window past as (partition by user_id, product_id order by activity_date)
),

buyers as (
    select
        product_days.product_id,
        product_days.category,
        product_days.day_count,
        product_days.quantity,
        product_days.net_amount,
        {{ days_between('product_days.activity_date', 'as_of_dates.as_of_date') }}
            as last_days_ago,
        {{ days_between('product_days.first_date', 'as_of_dates.as_of_date') }}
            as first_days_ago,
        {{ days_between('product_days.first_date', 'product_days.activity_date') }}
        / nullif(cast(product_days.day_count - 1 as double), 0) as gap_days,
        as_of_dates.as_of_date
    from as_of_dates
    inner join product_days
        on
            as_of_dates.as_of_date > product_days.activity_date
            and as_of_dates.as_of_date
            <= coalesce(product_days.next_date, as_of_dates.as_of_date)
),

summed as (
    select
        product_id,
        any_value(category) as category,
        cast(count(*) as bigint) as buyer_count,
        {% for days in [7] + var('feature_windows').user_product -%}
            count(case when last_days_ago <= {{ days }} then 1 end)
                as buyer_count_{{ days }}d,
        {% endfor -%}
        count(case when first_days_ago <= 28 then 1 end) as first_buyer_count_28d,
        count(case when day_count > 1 then 1 end) / cast(count(*) as double)
            as repeat_buyer_share,
        sum(day_count) / cast(count(*) as double) as days_per_buyer,
        median(gap_days) as usual_gap_days,
        cast(sum(net_amount) / nullif(sum(quantity), 0) as double) as mean_price,
        min(last_days_ago) as days_since_last_sold,
        max(first_days_ago) as days_since_first_sold,
        as_of_date
    from buyers
    group by product_id, as_of_date
)

select * from summed
