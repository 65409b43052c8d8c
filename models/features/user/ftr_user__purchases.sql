-- one row per user and as-of date of customer value: purchase days and their worth
with

as_of_dates as (select * from {{ ref('ftr_value_dates') }}),
user_days as (select * from {{ ref('ftr_user__days') }}),
money_days as (select * from {{ ref('ftr_user__money_days') }}),

past_days as (
    select
        user_days.*,
        as_of_dates.as_of_date,
        as_of_dates.acquired_from_date,
        {{ days_between('user_days.activity_date', 'as_of_dates.as_of_date') }}
            as days_ago,
        {{ days_between(
            'user_days.previous_activity_date', 'user_days.activity_date'
        ) }} as gap_days
    from as_of_dates
    inner join user_days on as_of_dates.as_of_date > user_days.activity_date
),

days_summed as (
    select
        user_id,
        as_of_date,
        min_by(first_order_id, activity_date) as first_order_id,
        min(activity_date) >= min(acquired_from_date) as is_acquired,
        cast(count(*) as bigint) as purchase_day_count,
        cast(max(days_ago) - min(days_ago) as bigint) as recency_days,
        -- a day is over before the next: an age of 0 is a first purchase yesterday
        cast(max(days_ago) - 1 as bigint) as age_days,
        max_by(gap_days, activity_date) as last_gap_days,
        cast(max(gap_days) as bigint) as longest_gap_days,
        max_by(net_amount, activity_date) as last_day_amount,
        {% for days in var('value_recent_days') -%}
            {{ sum_within('1', days) }} as active_day_count_{{ days }}d,
            {{ sum_within('net_amount', days, 'decimal(18, 2)') }}
                as net_amount_{{ days }}d,
        {% endfor -%}
        max(net_amount) as largest_day_amount
    from past_days
    group by user_id, as_of_date
),

money_summed as (
    select
        money_days.user_id,
        as_of_dates.as_of_date,
        sum(money_days.net_amount) as net_amount,
        sum(money_days.margin_amount) as margin_amount,
        sum(money_days.costed_line_count) as costed_line_count
    from as_of_dates
    inner join money_days on as_of_dates.as_of_date > money_days.activity_date
    group by money_days.user_id, as_of_dates.as_of_date
),

shop_summed as (
    select
        money_summed.as_of_date,
        cast(sum(money_summed.net_amount) as double)
        / sum(days_summed.purchase_day_count) as mean_day_amount,
        coalesce(
            cast(sum(money_summed.margin_amount) as double)
            / nullif(cast(sum(money_summed.net_amount) as double), 0),
            {{ shop('margin_share') }}
        ) as margin_share
    from money_summed
    inner join days_summed
        on
            money_summed.user_id = days_summed.user_id
            and money_summed.as_of_date = days_summed.as_of_date
    group by money_summed.as_of_date
),

joined as (
    select
        days_summed.user_id,
        days_summed.first_order_id,
        case
            when money_summed.costed_line_count > 0 then 'unit cost'
            else 'assumed share'
        end as margin_basis,
        days_summed.purchase_day_count,
        days_summed.purchase_day_count - 1 as repeat_day_count,
        days_summed.recency_days,
        days_summed.age_days,
        days_summed.last_gap_days,
        days_summed.longest_gap_days,
        cast(money_summed.net_amount as double)
        / days_summed.purchase_day_count as mean_day_amount,
        cast(days_summed.last_day_amount as double) as last_day_amount,
        cast(days_summed.largest_day_amount as double) as largest_day_amount,
        {% for days in var('value_recent_days') -%}
            days_summed.active_day_count_{{ days }}d,
            cast(days_summed.net_amount_{{ days }}d as double)
                as net_amount_{{ days }}d,
        {% endfor -%}
        -- the shop's share weighs as much as one purchase day
        case
            when money_summed.net_amount > 0 and shop_summed.mean_day_amount > 0
                then
                    (
                        cast(money_summed.margin_amount as double)
                        + shop_summed.margin_share * shop_summed.mean_day_amount
                    )
                    / (money_summed.net_amount + shop_summed.mean_day_amount)
            else shop_summed.margin_share
        end as margin_share,
        days_summed.is_acquired,
        days_summed.as_of_date
    from days_summed
    inner join money_summed
        on
            days_summed.user_id = money_summed.user_id
            and days_summed.as_of_date = money_summed.as_of_date
    inner join shop_summed on days_summed.as_of_date = shop_summed.as_of_date
)

select * from joined
