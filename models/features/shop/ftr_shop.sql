-- one row per shop, of which a build reads one
with

transactions as (select * from {{ ref('transactions') }}),

summed as (
    select coalesce(min(upper(currency)), '') as currency
    from transactions
)

select * from summed
