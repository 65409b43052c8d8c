-- one row per phase and user who was known in it: arm, and what was known before it
{% set blocks = range(1, 7) -%}
with

phases as (select * from {{ ref('dec_programme_phases') }}),
users as (select * from {{ ref('users') }}),
global_control as (select * from {{ ref('dec_global_control') }}),
orders as (select * from {{ ref('orders') }}),
money_days as (select * from {{ ref('ftr_user__money_days') }}),

first_orders as (
    select
        user_id,
        min(order_date) as first_order_date
    from orders
    where user_id is not null
    group by user_id
),

-- who has neither date was always known
known as (
    select
        users.user_id,
        least(first_orders.first_order_date, cast(users.signup_at as date)) as known_on,
        global_control.is_global_control
    from users
    inner join global_control on users.user_id = global_control.user_id
    left join first_orders on users.user_id = first_orders.user_id
),

entered as (
    select
        phases.phase,
        phases.starts_on,
        phases.week_count,
        known.user_id,
        not known.is_global_control as is_treated,
        greatest(1, coalesce({{ week_of_phase('known.known_on') }}, 1)) as entered_week,
        coalesce(known.known_on >= phases.starts_on, false) as is_new
    from phases
    cross join known
),

-- six blocks of four weeks, the last of them first
placed as (
    select
        phases.phase,
        money_days.user_id,
        money_days.net_amount,
        cast(floor(({{
            days_between('money_days.activity_date', 'phases.starts_on')
        }} - 1) / 28.0) + 1 as int) as block_number
    from phases
    inner join money_days
        on
            phases.starts_on > money_days.activity_date
            and {{ days_after('phases.starts_on', '-168') }} <= money_days.activity_date
),

blocks as (
    select
        phase,
        {% for block in blocks -%}
            sum(case when block_number = {{ block }} then net_amount else 0 end)
                as revenue_{{ block }},
            sum(case when block_number = {{ block }} then 1 else 0 end)
                as days_{{ block }},
        {% endfor -%}
        sum(net_amount) as revenue,
        user_id
    from placed
    group by phase, user_id
),

described as (
    select
        entered.phase,
        entered.week_count,
        entered.user_id,
        entered.is_treated,
        entered.entered_week,
        {% for block in blocks -%}
            cast(coalesce(blocks.revenue_{{ block }}, 0) as double)
                as before_revenue_{{ block }},
            cast(coalesce(blocks.days_{{ block }}, 0) as double)
                as before_days_{{ block }},
        {% endfor -%}
        cast(entered.is_new as double) as before_is_new,
        ntile(4) over (
            partition by entered.phase, entered.is_new
            order by coalesce(blocks.revenue, 0), entered.user_id
        ) as tier_number
    from entered
    left join blocks
        on entered.phase = blocks.phase and entered.user_id = blocks.user_id
    where entered.entered_week <= entered.week_count
),

-- strata: quarters by what was spent before
stratified as (
    select
        phase,
        week_count,
        user_id,
        is_treated,
        entered_week,
        {% for block in blocks -%}
            before_revenue_{{ block }},
            before_days_{{ block }},
        {% endfor -%}
        {% for tier in range(2, 5) -%}
            cast(tier_number = {{ tier }} and before_is_new = 0 as double)
                as before_is_tier_{{ tier }},
        {% endfor -%}
        before_is_new
    from described
)

select * from stratified
