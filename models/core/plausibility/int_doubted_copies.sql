-- one row per rule, here one: lines that another file tells too, under other ids
{% set purchase = [
    'user_id', 'product_id', 'location_id', 'ordered_at', 'quantity', 'net_amount',
] -%}
with

lines as (
    select * from {{ ref('int_transactions_checked') }}
    where row_status = 'kept' and user_id is not null
),

lines_counted as (
    select
        count(*) as line_count,
        count(distinct source_file) as file_count
    from lines
),

-- one file tells of two equal purchases; two files tell of one, unless places differ
told as (
    select
        lines.{{ (purchase + ['source_file']) | join(',\n        lines.') }},
        count(*) as line_count,
        min_by(
            {{ place_of_row() }} || lines.product_id || ' for ' || lines.net_amount
            || ', order ' || lines.order_id,
            {{ order_in_files('lines.transaction_id') }}
        ) as example
    from lines
    cross join lines_counted
    where lines_counted.file_count > 1
    group by
        lines.{{ (purchase + ['source_file']) | join(',\n        lines.') }}
),

told_again as (
    select
        sum(line_count) - max(line_count) as line_count,
        min(example) || '; ' || max(example) as example
    from told
    group by {{ purchase | join(', ') }}
    having count(*) > 1
),

counted as (
    select
        'transactions' as entity,
        'another file has the same line under another id' as rule,
        max(lines_counted.line_count) as rows_judged,
        coalesce(sum(told_again.line_count), 0) as rows_met,
        {{ var('doubt_thresholds').copies }} as threshold,
        min(told_again.example) as example
    from lines_counted
    left join told_again on true
)

select * from counted
