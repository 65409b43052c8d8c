-- one row per sale of goods whose amount lies far from those of its department
with

transactions as (select * from {{ ref('int_transactions_cleaned') }}),
products as (select * from {{ ref('int_products_completed') }}),

logged as (
    select
        transactions.transaction_id,
        products.department,
        ln(cast(transactions.net_amount as double)) as log_amount
    from transactions
    inner join products on transactions.product_id = products.product_id
    where
        transactions.net_amount > 0
        and transactions.line_kind = 'sale'
        and products.product_kind = 'goods'
),

medians as (
    select
        department,
        percentile_cont(0.5) within group (order by log_amount) as log_median
    from logged
    group by department
),

deviations as (
    select
        logged.transaction_id,
        logged.department,
        abs(logged.log_amount - medians.log_median) as deviation
    from logged
    inner join medians on logged.department = medians.department
),

spreads as (
    select
        department,
        -- 1.4826 makes the median deviation a standard deviation under a normal law
        1.4826 * percentile_cont(0.5) within group (order by deviation) as spread
    from deviations
    group by department
),

outliers as (
    select deviations.transaction_id
    from deviations
    inner join spreads on deviations.department = spreads.department
    where
        spreads.spread > 0
        and deviations.deviation > {{ var('outlier_robust_z') }} * spreads.spread
)

select * from outliers
