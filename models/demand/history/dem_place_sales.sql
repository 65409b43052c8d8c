-- one row per product, place and week with a sale
with

transactions as (select * from {{ ref('transactions') }}),

scoring as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

-- units as sold: a later return takes back no demand, a cancelled line was none
sold as (
    select
        transactions.product_id,
        coalesce(transactions.location_id, '') as location_id,
        transactions.quantity,
        {{ demand_week('transactions.order_date') }} as week_number
    from transactions
    cross join scoring
    where
        transactions.is_basket_line
        and transactions.is_product_known
        and not transactions.is_cancelled
        and transactions.quantity > 0
),

summed as (
    select
        product_id,
        location_id,
        week_number,
        cast(sum(quantity) as double) as units,
        cast(count(*) as bigint) as line_count
    from sold
    where week_number between -{{ var('demand_history_weeks') }} and -1
    group by product_id, location_id, week_number
)

select * from summed
