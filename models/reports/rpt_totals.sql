-- one row per shop: what the whole of it has, whether or not its parts may be shown
with

orders as (select * from {{ ref('orders') }}),
outcomes as (select * from {{ ref('dec_arm_outcomes') }}),
tasks as (select * from {{ ref('learning_tasks') }}),
shop as (select * from {{ ref('ftr_shop') }}),

champions as (
    select * from {{ ref('estimator_registry') }}
    where status = 'champion'
),

firsts as (
    select
        user_id,
        cast({{ dbt.date_trunc('month', 'min(order_date)') }} as date) as cohort_month
    from orders
    where not is_cancelled and user_id is not null
    group by user_id
),

started as (
    select count(distinct cohort_month) as cohort_count from firsts
),

ordered as (
    select
        count(distinct case when not is_cancelled then user_id end) as user_count,
        count(case when not is_cancelled then order_id end) as order_count,
        count(case when not is_cancelled and user_id is null then order_id end)
            as guest_order_count,
        cast(
            sum(case when not is_cancelled then net_amount else 0 end) as decimal(18, 2)
        ) as net_amount,
        max(order_date) as last_order_date
    from orders
),

-- what orders in other currencies are of all, and the rates that converted them
converted as (
    select
        lines.currency,
        count(distinct lines.order_id) as order_count,
        count(distinct lines.user_id) as user_count,
        cast(min(lines.exchange_rate) as double) as lowest_rate,
        cast(max(lines.exchange_rate) as double) as highest_rate
    from {{ ref('int_transactions_checked') }} as lines
    inner join orders on lines.order_id = orders.order_id
    where
        lines.row_status = 'kept'
        and lines.exchange_rate <> 1
        and not orders.is_cancelled
    group by lines.currency
),

converted_told as (
    select
        string_agg(
            converted.currency || ' '
            || cast(round(100.0 * converted.order_count / ordered.order_count) as int)
            || ' % (' || converted.lowest_rate || '–' || converted.highest_rate || ')',
            ', ' order by converted.currency
        ) as converted_currencies
    from converted
    cross join ordered
    where not {{ is_few('converted.user_count') }} and ordered.order_count > 0
),

measured as (
    select
        count(distinct case when arm = 'treatment' then campaign_id end)
            as contacted_campaign_count,
        count(distinct case when measurement <> 'observational' then campaign_id end)
            as controlled_campaign_count,
        count(distinct case when measurement = 'randomised' then campaign_id end)
            as judged_campaign_count
    from outcomes
),

scored as (
    select
        count(champions.task) as score_count,
        count(case when tasks.label_kind = 'binary' then champions.task end)
            as probability_score_count,
        count(case when tasks.label_kind = 'amount' then champions.task end)
            as amount_score_count
    from champions
    inner join tasks on champions.task = tasks.task
),

-- what few users ordered is not shown either, be there guests or not
totals as (
    select
        shop.currency,
        coalesce(converted_told.converted_currencies, '') as converted_currencies,
        {{ unless_few(['user_count', 'order_count', 'net_amount']) }},
        ordered.guest_order_count,
        started.cohort_count,
        measured.contacted_campaign_count,
        measured.controlled_campaign_count,
        measured.judged_campaign_count,
        scored.score_count,
        scored.probability_score_count,
        scored.amount_score_count,
        cast({{ var('minimum_cell_users') }} as bigint) as minimum_cell_users,
        ordered.last_order_date
    from ordered
    cross join started
    cross join measured
    cross join scored
    cross join shop
    cross join converted_told
)

select * from totals
