-- one row per rule, here one: goods of which more was refunded than paid
{% set tolerance = var('line_tolerance') -%}
with

lines as (
    select * from {{ ref('int_transactions_cleaned') }}
    where user_id is not null
),

refunds as (
    select
        user_id,
        product_id,
        sum(returned_amount) as refunded_amount,
        min(return_id) as return_id
    from {{ ref('int_returns_matched') }}
    where is_matched and user_id is not null
    group by user_id, product_id
),

payments as (
    select
        lines.user_id,
        lines.product_id,
        sum(lines.net_amount) as paid_amount
    from lines
    semi join refunds
        on lines.user_id = refunds.user_id and lines.product_id = refunds.product_id
    where lines.line_kind = 'sale'
    group by lines.user_id, lines.product_id
),

compared as (
    select
        refunds.refunded_amount,
        payments.paid_amount,
        refunds.refunded_amount
        > payments.paid_amount * (1 + {{ tolerance.share }}) + {{ tolerance.amount }}
            as is_above,
        refunds.return_id,
        return_lines.source_file,
        return_lines.source_row
    from refunds
    inner join payments
        on
            refunds.user_id = payments.user_id
            and refunds.product_id = payments.product_id
    left join {{ ref('int_transactions_checked') }} as return_lines
        on
            refunds.return_id = return_lines.transaction_id
            and return_lines.row_status = 'kept'
),

counted as (
    select
        'transactions' as entity,
        'more was refunded of a product than paid' as rule,
        count(*) as rows_judged,
        count_if(is_above) as rows_met,
        {{ var('doubt_thresholds').refunds }} as threshold,
        min_by(
            {{ place_of_row() }} || paid_amount || ' paid, ' || refunded_amount
            || ' refunded',
            {{ order_in_files('return_id') }}
        ) filter (where is_above) as example
    from compared
)

select * from counted
