-- one row per rule, here one: lines whose amount is not quantity times price
{% set tolerance = var('line_tolerance') -%}
with

lines as (
    select
        transaction_id,
        quantity,
        unit_price,
        coalesce(discount_amount, 0) as discount_amount,
        coalesce(coupon_amount, 0) as coupon_amount,
        net_amount,
        source_file,
        source_row,
        -- refunds state reductions with either sign
        abs(quantity * unit_price) as gross_amount,
        abs(coalesce(discount_amount, 0)) + abs(coalesce(coupon_amount, 0))
            as reduction_amount,
        abs(net_amount) as paid_amount,
        coalesce(discount_amount, coupon_amount) is not null as is_reduction_stated,
        {{ tolerance.amount }} + {{ tolerance.price }} * abs(quantity)
        + {{ tolerance.share }} * abs(quantity * unit_price) as tolerance
    from {{ ref('int_transactions_checked') }}
    where
        row_status = 'kept'
        and unit_price > 0
        and quantity <> 0
        and coalesce(order_status, '') <> 'adjusted'
),

lines_counted as (select count(*) as line_count from lines),

-- prices with tax and amounts without, or the reverse: the shop's frequent rates
tax_rates as (
    select median(lines.paid_amount / lines.gross_amount) as tax_rate
    from lines
    cross join lines_counted
    where
        lines.reduction_amount = 0
        and abs(lines.paid_amount - lines.gross_amount) > lines.tolerance
        and lines.paid_amount / lines.gross_amount
        between 1 / (1 + {{ tolerance.tax }}) and 1 + {{ tolerance.tax }}
    group by round(lines.paid_amount / lines.gross_amount, 2)
    having
        count(*) >= {{ var('doubt_least_rows') }}
        and count(*) >= {{ tolerance.tax_lines }} * max(lines_counted.line_count)
),

rates as (
    select cast(1 as double) as tax_rate
    union all
    select tax_rate from tax_rates
),

-- the few that a rate of 1 does not explain are tried with the others
odd_lines as (
    select * from lines
    where abs(paid_amount - gross_amount + reduction_amount) > tolerance
),

tried as (
    select
        odd_lines.transaction_id,
        bool_or(
            abs(
                odd_lines.paid_amount
                - (odd_lines.gross_amount - odd_lines.reduction_amount)
                * rates.tax_rate
            ) <= odd_lines.tolerance
            or abs(
                odd_lines.paid_amount
                - (odd_lines.gross_amount * rates.tax_rate - odd_lines.reduction_amount)
            ) <= odd_lines.tolerance
            -- a reduction that the shop does not state
            or (
                not odd_lines.is_reduction_stated
                and (
                    odd_lines.paid_amount = 0
                    or odd_lines.paid_amount
                    between {{ tolerance.unstated }} * odd_lines.gross_amount
                    and odd_lines.gross_amount * rates.tax_rate + odd_lines.tolerance
                )
            )
        ) as is_explained
    from odd_lines
    cross join rates
    group by odd_lines.transaction_id
),

doubted as (
    select odd_lines.* from odd_lines
    inner join tried on odd_lines.transaction_id = tried.transaction_id
    where not tried.is_explained
),

doubted_counted as (
    select
        count(*) as rows_met,
        min_by(
            {{ place_of_row() }}
            || quantity || ' * ' || unit_price || ' - ' || discount_amount || ' - '
            || coupon_amount || ', net_amount ' || net_amount,
            {{ order_in_files('transaction_id') }}
        ) as example
    from doubted
),

counted as (
    select
        'transactions' as entity,
        'net_amount is not quantity * unit_price less reductions' as rule,
        lines_counted.line_count as rows_judged,
        doubted_counted.rows_met,
        {{ var('doubt_thresholds').line_amounts }} as threshold,
        doubted_counted.example
    from lines_counted
    cross join doubted_counted
)

select * from counted
