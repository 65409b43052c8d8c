-- one row per rule, here one: lines on days that stand alone, far from all others
with

lines as (
    select
        *,
        cast({{ local_timestamp('ordered_at') }} as date) as order_date
    from {{ ref('int_transactions_checked') }}
    where row_status = 'kept'
),

spans as (select * from {{ ref('int_order_span') }}),

compared as (
    select
        lines.*,
        spans.first_order_date,
        spans.last_order_date,
        lines.order_date < spans.first_order_date
        or lines.order_date > spans.last_order_date as is_outside
    from lines
    cross join spans
),

counted as (
    select
        'transactions' as entity,
        'ordered_at is far from all others, as-of dates ignore it' as rule,
        count(*) as rows_judged,
        count_if(is_outside) as rows_met,
        {{ var('doubt_thresholds').lone_dates }} as threshold,
        min_by(
            {{ place_of_row() }} || order_date || ', others from ' || first_order_date
            || ' to ' || last_order_date,
            {{ order_in_files('transaction_id') }}
        ) filter (where is_outside) as example
    from compared
)

select * from counted
