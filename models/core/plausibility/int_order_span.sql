-- one row per shop: its first and last day of orders, but for days far from all others
{% set lone = var('lone_dates') -%}
{% set few = 'greatest(' ~ lone.share ~ ' * orders_in_all, 1)' -%}
with

lines as (
    select
        order_id,
        cast({{ local_timestamp('ordered_at') }} as date) as order_date
    from {{ ref('int_transactions_checked') }}
    where
        row_status = 'kept'
        and (quantity > 0 or (quantity = 0 and net_amount >= 0))
        and coalesce(order_status, '') <> 'adjusted'
),

days_counted as (
    select
        order_date,
        count(distinct order_id) as order_count
    from lines
    group by order_date
),

summed as (
    select
        order_date,
        order_count,
        sum(order_count) over (order by order_date asc) as orders_until,
        sum(order_count) over () as orders_in_all,
        lag(order_date) over (order by order_date asc) as date_before
    from days_counted
),

-- most orders of the shop lie in its bulk, and each day of several
marked as (
    select
        *,
        {{ days_between('date_before', 'order_date') }} as gap_days,
        orders_until > {{ few }} as is_after_first,
        orders_until - order_count < orders_in_all - {{ few }} as is_before_last
    from summed
),

bulk as (
    select
        min(order_date) as first_bulk_date,
        max(order_date) as last_bulk_date
    from marked
    where (is_after_first and is_before_last) or order_count > {{ lone.orders }}
),

longest as (
    select
        bulk.first_bulk_date,
        bulk.last_bulk_date,
        greatest(
            {{ lone.days }}, {{ lone.times }} * coalesce(max(marked.gap_days), 0)
        ) as allowed_days
    from bulk
    left join marked
        on
            bulk.first_bulk_date < marked.order_date
            and bulk.last_bulk_date >= marked.order_date
    group by bulk.first_bulk_date, bulk.last_bulk_date
),

cut as (
    select
        max(case
            when marked.order_date <= longest.first_bulk_date then marked.order_date
        end) as begins_on,
        min(case
            when marked.order_date > longest.last_bulk_date then marked.date_before
        end) as ends_on
    from longest
    inner join marked on longest.allowed_days < marked.gap_days
),

spanned as (
    select
        coalesce(max(cut.begins_on), min(days_counted.order_date)) as first_order_date,
        coalesce(max(cut.ends_on), max(days_counted.order_date)) as last_order_date
    from days_counted
    cross join cut
)

select * from spanned
