-- one row per month of first order that is shown and month since; without a month of
-- first order: all users whom a month has followed
{% set least = var('minimum_cell_users') -%}
{% set active_users = 'coalesce(active.user_count, 0)' -%}
with

orders as (
    select
        user_id,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as order_month
    from {{ ref('orders') }}
    where not is_cancelled and user_id is not null
),

months as (
    select distinct
        cast({{ dbt.date_trunc('month', 'calendar_date') }} as date) as order_month
    from {{ ref('market_calendar') }}
),

firsts as (
    select
        user_id,
        min(order_month) as cohort_month,
        max(order_month) as latest_month
    from orders
    group by user_id
),

cohorts as (
    select
        cohort_month,
        max(max(latest_month)) over () as last_month,
        cast(count(*) as bigint) as cohort_user_count
    from firsts
    group by cohort_month
),

-- whom a month has followed; who is too new for that must be none or enough
followed as (
    select
        *,
        cohort_month < last_month and (
            max(cohort_month) over () < last_month
            or sum(cohort_user_count) over (order by cohort_month desc)
            - cohort_user_count >= {{ var('minimum_cell_users') }}
        ) as is_followed
    from cohorts
),

counted as (
    select
        *,
        sum(cast(is_followed as int) * cohort_user_count) over () as followed_count
    from followed
),

judged as (
    select
        *,
        {{ is_shown(
            'cohort_user_count',
            'is_followed and not ' ~ is_few('followed_count'),
            'cohort_month'
        ) }} as is_shown
    from counted
),

active as (
    select
        firsts.cohort_month,
        orders.order_month,
        cast(count(distinct orders.user_id) as bigint) as user_count
    from orders
    inner join firsts on orders.user_id = firsts.user_id
    group by firsts.cohort_month, orders.order_month
),

-- who did not order must not be too few either, and after the first month not nobody
cells as (
    select
        judged.*,
        cast(
            {{ dbt.datediff('judged.cohort_month', 'months.order_month', 'month') }}
            as bigint
        ) as month_number,
        {{ active_users }} as user_count,
        not judged.is_shown
        or {{ is_few(active_users) }}
        or {{ is_few('judged.cohort_user_count - ' ~ active_users) }}
        or (
            judged.cohort_month < months.order_month
            and {{ is_uniform(active_users, 'judged.cohort_user_count') }}
        ) as is_hidden
    from judged
    inner join months
        on
            judged.cohort_month <= months.order_month
            and judged.last_month >= months.order_month
    left join active
        on
            judged.cohort_month = active.cohort_month
            and months.order_month = active.order_month
),

-- nor those of all whom a month has followed, with or without the cells shown
pooled as (
    select
        cast(sum(user_count) as bigint) as user_count,
        cast(sum(cohort_user_count) as bigint) as cohort_user_count,
        sum(case when is_hidden then user_count end) as hidden_active,
        sum(case when is_hidden then cohort_user_count - user_count end) as hidden_idle
    from cells
    where is_followed and month_number = 1
),

united as (
    select
        month_number,
        case when not is_hidden then user_count end as user_count,
        cohort_user_count,
        cohort_month
    from cells
    where is_shown
    union all
    select
        1 as month_number,
        case
            when
                least(user_count, cohort_user_count - user_count) >= {{ least }}
                and coalesce(least(hidden_active, hidden_idle) >= {{ least }}, true)
                then user_count
        end as user_count,
        {{ unless_few(['cohort_user_count'], 'cohort_user_count') }},
        cast(null as date) as cohort_month
    from pooled
    where (select max(cells.month_number) from cells) > 0
),

shared as (
    select
        month_number,
        user_count,
        cohort_user_count,
        round(user_count / cast(cohort_user_count as double), 12) as active_share,
        cohort_month
    from united
)

select * from shared
