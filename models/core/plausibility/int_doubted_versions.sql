-- one row per rule, here one: lines replaced by one with other goods or money
with

lines as (select * from {{ ref('int_transactions_checked') }}),

lines_counted as (
    select count(*) as line_count from lines
    where row_status <> 'rejected'
),

replaced as (
    select
        old_lines.*,
        new_lines.net_amount as new_amount,
        new_lines.product_id as new_product_id
    from lines as old_lines
    inner join lines as new_lines
        on old_lines.transaction_id = new_lines.transaction_id
    where
        old_lines.status_reason = 'superseded by a later version'
        and new_lines.row_status = 'kept'
        and (
            old_lines.product_id <> new_lines.product_id
            -- what was weighed or corrected later says when it changed
            or (
                old_lines.net_amount <> new_lines.net_amount
                and (
                    new_lines.updated_at is null
                    or old_lines.ordered_at <> new_lines.ordered_at
                )
            )
        )
),

replaced_counted as (
    select
        count(*) as rows_met,
        min_by(
            {{ place_of_row() }} || product_id || ' for ' || net_amount
            || ', in the later version ' || new_product_id || ' for ' || new_amount,
            {{ order_in_files('transaction_id') }}
        ) as example
    from replaced
),

counted as (
    select
        'transactions' as entity,
        'a later version has other goods or another amount' as rule,
        lines_counted.line_count as rows_judged,
        replaced_counted.rows_met,
        {{ var('doubt_thresholds').versions }} as threshold,
        replaced_counted.example
    from lines_counted
    cross join replaced_counted
)

select * from counted
