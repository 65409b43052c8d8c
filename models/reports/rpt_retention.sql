-- one row per month of first order that is shown and month since; without a month of
-- first order: all users whom a month has followed
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

span as (select max(order_month) as last_month from orders),

firsts as (
    select
        user_id,
        min(order_month) as cohort_month
    from orders
    group by user_id
),

cohorts as (
    select
        firsts.cohort_month,
        span.last_month,
        cast(count(*) as bigint) as cohort_user_count
    from firsts
    cross join span
    group by firsts.cohort_month, span.last_month
),

-- users whose first month is later, and users too new to have been followed at all
compared as (
    select
        *,
        sum(cohort_user_count) over (order by cohort_month desc) - cohort_user_count
            as later_user_count,
        sum(case when cohort_month = last_month then cohort_user_count else 0 end)
            over () as new_user_count
    from cohorts
),

-- whom a month has followed; who is left out of that must be enough, too
followed as (
    select
        *,
        cohort_month < last_month and (
            new_user_count = 0
            or later_user_count >= {{ var('minimum_cell_users') }}
        ) as is_followed
    from compared
),

counted as (
    select
        *,
        sum(case when is_followed then cohort_user_count else 0 end) over ()
            as followed_user_count
    from followed
),

judged as (
    select
        *,
        {{ is_shown(
            'cohort_user_count',
            'is_followed and not ' ~ is_few('followed_user_count'),
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

cells as (
    select
        judged.cohort_month,
        judged.cohort_user_count,
        judged.is_followed,
        judged.is_shown as is_cohort_shown,
        cast(
            {{ dbt.datediff('judged.cohort_month', 'months.order_month', 'month') }}
            as bigint
        ) as month_number,
        coalesce(active.user_count, 0) as user_count
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

-- who did not order must not be too few either
hidden as (
    select
        *,
        not is_cohort_shown
        or {{ is_few('user_count') }}
        or {{ is_few('cohort_user_count - user_count') }} as is_hidden
    from cells
),

-- nor those of all whom a month has followed, with or without the cells shown
pooled as (
    select
        month_number,
        sum(case when is_followed then user_count else 0 end) as user_count,
        sum(case when is_followed then cohort_user_count else 0 end)
            as cohort_user_count,
        sum(case when is_followed and is_hidden then user_count else 0 end)
            as hidden_active,
        sum(
            case
                when is_followed and is_hidden then cohort_user_count - user_count
                else 0
            end
        ) as hidden_idle
    from hidden
    where month_number = 1
    group by month_number
),

united as (
    select
        month_number,
        case when not is_hidden then user_count end as user_count,
        cohort_user_count,
        cohort_month
    from hidden
    where is_cohort_shown
    union all
    select
        month_number,
        case
            when
                cohort_user_count >= {{ var('minimum_cell_users') }}
                and not {{ is_few('user_count') }}
                and not {{ is_few('cohort_user_count - user_count') }}
                and not {{ is_few('hidden_active') }}
                and not {{ is_few('hidden_idle') }}
                then cast(user_count as bigint)
        end as user_count,
        case
            when cohort_user_count >= {{ var('minimum_cell_users') }}
                then cast(cohort_user_count as bigint)
        end as cohort_user_count,
        cast(null as date) as cohort_month
    from pooled
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
