-- one row per order line
-- depends_on: {{ ref('data_quality') }}
with

transactions as (select * from {{ ref('int_transactions_cleaned') }}),
outliers as (select * from {{ ref('int_transaction_outliers') }}),

same_day_returns as (
    select
        transaction_id,
        sum(quantity) as quantity
    from {{ ref('int_returns_matched') }}
    where is_same_day
    group by transaction_id
),

-- money back in other currencies, at the rate of what was sold
converted_returns as (
    select
        return_id,
        -sum(returned_amount) as net_amount
    from {{ ref('int_returns_matched') }}
    group by return_id
    having bool_or(is_converted)
),

flagged as (
    select
        transactions.transaction_id,
        transactions.order_id,
        transactions.user_id,
        transactions.product_id,
        transactions.location_id,
        transactions.coupon_id,
        transactions.currency,
        transactions.sales_channel,
        transactions.order_status,
        transactions.payment_method,
        transactions.line_kind,
        transactions.quantity,
        transactions.unit_price,
        transactions.discount_amount,
        transactions.coupon_amount,
        cast(
            coalesce(converted_returns.net_amount, transactions.net_amount)
            as decimal(18, 2)
        ) as net_amount,
        transactions.original_currency,
        transactions.original_net_amount,
        transactions.is_product_known,
        transactions.is_fuel,
        transactions.is_quantity_plausible,
        transactions.is_free,
        outliers.transaction_id is not null as is_amount_outlier,
        transactions.is_basket_line,
        -- cancelled or returned on its own day, so later features ignore it
        coalesce(same_day_returns.quantity >= transactions.quantity, false)
            as is_cancelled,
        transactions.order_date,
        transactions.ordered_at,
        transactions.ordered_at_local
    from transactions
    left join outliers
        on transactions.transaction_id = outliers.transaction_id
    left join same_day_returns
        on transactions.transaction_id = same_day_returns.transaction_id
    left join converted_returns
        on
            transactions.transaction_id = converted_returns.return_id
            and transactions.line_kind <> 'sale'
)

select * from flagged
