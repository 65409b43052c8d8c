-- one row per phase, user and week with an order, a movement of money or a contact
with

phases as (select * from {{ ref('dec_programme_phases') }}),
launched as (select * from {{ ref('dec_launched_decisions') }}),

channels as (
    select
        channel,
        cast(cost_per_contact as decimal(18, 4)) as contact_cost
    from {{ ref('channels') }}
    where shop = '{{ active_source() }}'
),

-- money stands on the day of the order, less what of it came back since
united as (
    select
        user_id,
        1 as order_count,
        0 as revenue_amount,
        0 as margin_amount,
        0 as contact_cost,
        order_date as activity_date
    from {{ ref('orders') }}
    where not is_cancelled and user_id is not null
    union all
    select
        user_id,
        0 as order_count,
        net_amount as revenue_amount,
        margin_amount,
        0 as contact_cost,
        activity_date
    from {{ ref('ftr_user__order_days') }}
    union all
    select
        launched.user_id,
        0 as order_count,
        0 as revenue_amount,
        0 as margin_amount,
        coalesce(channels.contact_cost, 0) as contact_cost,
        launched.send_on as activity_date
    from launched
    left join channels on launched.channel = channels.channel
    where launched.decision = 'contact'
),

placed as (
    select
        phases.phase,
        united.user_id,
        united.order_count,
        united.revenue_amount,
        united.margin_amount - united.contact_cost as profit_amount,
        {{ week_of_phase('united.activity_date') }} as week_number,
        phases.week_count
    from phases
    inner join united on phases.starts_on <= united.activity_date
),

summed as (
    select
        phase,
        user_id,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(revenue_amount) as decimal(18, 2)) as revenue_amount,
        cast(sum(profit_amount) as decimal(18, 4)) as profit_amount,
        week_number
    from placed
    where week_number <= week_count
    group by phase, user_id, week_number
)

select * from summed
