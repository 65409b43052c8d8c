-- one row: what holds of the whole shop
with

transactions as (
    select * from {{ ref('transactions') }}
),

summed as (
    select coalesce(min(upper(currency)), '') as currency
    from transactions
)

select * from summed
