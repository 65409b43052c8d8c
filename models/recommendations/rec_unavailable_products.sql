-- one row per product that nobody is shown, and why
with

products as (select * from {{ ref('products') }}),
rules as (select * from {{ ref('blocked_products') }}),

{{ latest_counts() }}

blocked as (
    select distinct products.product_id
    from products
    inner join rules
        on
            products.product_id = rules.product_id
            or products.category = rules.category
),

sold_out as (
    select product_id from latest_counts
    where on_hand <= 0
),

discontinued as (
    select popularity.product_id
    from {{ ref('ftr_product__popularity') }} as popularity
    inner join {{ ref('as_of_dates') }} as as_of_dates
        on popularity.as_of_date = as_of_dates.as_of_date
    where
        as_of_dates.is_scoring_date
        and popularity.days_since_last_sold > {{ var('discontinued_days') }}
),

united as (
    select
        product_id,
        'blocked' as exclusion,
        1 as exclusion_rank
    from blocked
    union all
    select
        product_id,
        'sold_out' as exclusion,
        2 as exclusion_rank
    from sold_out
    union all
    select
        product_id,
        'discontinued' as exclusion,
        3 as exclusion_rank
    from discontinued
),

told as (
    select
        product_id,
        min_by(exclusion, exclusion_rank) as exclusion
    from united
    group by product_id
)

select * from told
