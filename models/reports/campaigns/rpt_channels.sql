-- one row per channel: what it cost, is credited with and probably caused
with

budget as (select * from {{ ref('channel_budget') }}),

summed as (
    select
        channel,
        min(user_count) as user_count,
        min(order_count) as order_count,
        min(cost_amount) as cost_amount,
        max(case when method = 'last_touch' then credited_amount end)
            as last_touch_amount,
        max(case when method = 'shapley' then credited_amount end) as shapley_amount,
        max(case when method = 'last_touch' then over_credit_factor end)
            as over_credit_factor,
        max(case when method = 'last_touch' then expected_caused_amount end)
            as expected_caused_amount
    from budget
    group by channel
)

select * from summed
