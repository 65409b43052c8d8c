-- one row per month of first order and later month in which somebody of it ordered
with

orders as (
    select
        user_id,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as order_month
    from {{ ref('orders') }}
    where not is_cancelled
),

firsts as (
    select
        user_id,
        min(order_month) as cohort_month
    from orders
    group by user_id
),

cohorts as (
    select
        cohort_month,
        cast(count(*) as bigint) as cohort_user_count
    from firsts
    group by cohort_month
),

-- all users less the published cohorts reveal the others
shown_cohorts as (
    select * from cohorts
    qualify {{ is_shown('cohort_user_count', "'all'", 'cohort_month') }}
),

active as (
    select
        cast(
            {{ dbt.datediff('firsts.cohort_month', 'orders.order_month', 'month') }}
            as bigint
        ) as month_number,
        cast(count(distinct orders.user_id) as bigint) as user_count,
        firsts.cohort_month
    from orders
    inner join firsts on orders.user_id = firsts.user_id
    group by firsts.cohort_month, orders.order_month
),

shared as (
    select
        active.month_number,
        active.user_count,
        cohorts.cohort_user_count,
        round(active.user_count / cast(cohorts.cohort_user_count as double), 12)
            as active_share,
        active.cohort_month
    from active
    inner join shown_cohorts as cohorts
        on active.cohort_month = cohorts.cohort_month
)

select * from shared
-- who did not order must not be too few either
where
    user_count >= {{ var('minimum_cell_users') }}
    and not cohort_user_count - user_count
    between 1 and {{ var('minimum_cell_users') }} - 1
