-- one row per user and as-of date: money of the last four blocks of 28 days
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),
user_days as (select * from {{ ref('ftr_user__days') }}),

past_days as (
    select
        user_days.user_id,
        user_days.net_amount,
        as_of_dates.as_of_date,
        {{ days_between('user_days.activity_date', 'as_of_dates.as_of_date') }}
            as days_ago
    from as_of_dates
    inner join user_days on as_of_dates.as_of_date > user_days.activity_date
),

summed as (
    select
        user_id,
        {% for block in range(1, 5) -%}
            cast(sum(
                case
                    when
                        days_ago > {{ 28 * block - 28 }}
                        and days_ago <= {{ 28 * block }}
                        then net_amount
                    else 0
                end
            ) as decimal(18, 2)) as net_amount_block_{{ block }},
        {% endfor -%}
        as_of_date
    from past_days
    group by user_id, as_of_date
),

-- of four numbers the median is the mean of the middle two
centred as (
    select
        user_id,
        {% for block in range(1, 5) -%}
            cast(net_amount_block_{{ block }} as double)
                as net_amount_block_{{ block }},
        {% endfor -%}
        cast((
            net_amount_block_1
            + net_amount_block_2
            + net_amount_block_3
            + net_amount_block_4
            - greatest(
                net_amount_block_1,
                net_amount_block_2,
                net_amount_block_3,
                net_amount_block_4
            )
            - least(
                net_amount_block_1,
                net_amount_block_2,
                net_amount_block_3,
                net_amount_block_4
            )
        ) / 2 as double) as median_block_amount,
        as_of_date
    from summed
)

select * from centred
