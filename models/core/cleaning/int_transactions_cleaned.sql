-- one row per order line that passed the checks, in local time and flagged
with

checked_transactions as (
    select * from {{ ref('int_transactions_checked') }}
    where row_status = 'kept'
),

products as (select * from {{ ref('int_products_completed') }}),

localised as (
    select
        checked_transactions.*,
        products.department,
        products.product_kind,
        products.is_in_catalogue,
        {{ local_timestamp('checked_transactions.ordered_at') }} as ordered_at_local
    from checked_transactions
    inner join products on checked_transactions.product_id = products.product_id
),

flagged as (
    select
        *,
        cast(ordered_at_local as date) as order_date,
        product_kind = 'fuel' as is_fuel,
        coalesce(quantity > 0 and quantity <= {{ var('max_line_quantity') }}, false)
            as is_quantity_plausible,
        net_amount = 0 as is_free,
        case
            when order_status = 'adjusted' then 'adjustment'
            when quantity < 0 then 'return'
            else 'sale'
        end as line_kind
    from localised
),

-- robust z-score of the log amount within its department
logged as (
    select
        transaction_id,
        department,
        ln(cast(net_amount as double)) as log_amount
    from flagged
    where net_amount > 0 and product_kind = 'goods' and line_kind = 'sale'
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
),

cleaned as (
    select
        flagged.transaction_id,
        flagged.order_id,
        flagged.user_id,
        flagged.product_id,
        flagged.location_id,
        flagged.coupon_id,
        flagged.currency,
        flagged.sales_channel,
        flagged.order_status,
        flagged.payment_method,
        flagged.line_kind,
        flagged.quantity,
        flagged.unit_price,
        -- an unknown discount counts as none
        coalesce(flagged.discount_amount, 0) as discount_amount,
        coalesce(flagged.coupon_amount, 0) as coupon_amount,
        flagged.net_amount,
        flagged.is_in_catalogue as is_product_known,
        flagged.is_fuel,
        flagged.is_quantity_plausible,
        flagged.is_free,
        outliers.transaction_id is not null as is_amount_outlier,
        -- the lines that basket-size features count
        flagged.is_quantity_plausible
        and flagged.product_kind = 'goods'
        and flagged.line_kind = 'sale' as is_basket_line,
        flagged.order_date,
        flagged.ordered_at,
        flagged.updated_at,
        flagged.ordered_at_local
    from flagged
    left join outliers on flagged.transaction_id = outliers.transaction_id
)

select * from cleaned
