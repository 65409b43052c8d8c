-- one row per stock code of the shop's files, articles and other codes
with

lines as (
    select * from {{ ref('stg_online_retail__lines') }}
    where product_id is not null
),

stock_codes as (
    select distinct product_id from lines
),

sale_lines as (
    select * from lines
    where order_status is null and quantity > 0 and unit_price > 0
),

-- text without a capital is a note on stock, such as damaged or ?
names as (
    select
        product_id,
        description as product_name
    from sale_lines
    where description <> lower(description)
    group by product_id, description
    qualify
        row_number() over (
            partition by product_id order by count(*) desc, description asc
        ) = 1
),

prices as (
    select
        product_id,
        percentile_cont(0.5) within group (order by unit_price) as list_price
    from sale_lines
    group by product_id
),

contracted as (
    select
        stock_codes.product_id,
        names.product_name,
        cast(null as string) as department,
        cast(null as string) as category,
        cast(null as string) as subcategory,
        cast(null as string) as brand,
        -- postage, fees, discounts, vouchers, samples and tests go by words
        case
            when
                regexp_full_match(
                    stock_codes.product_id, '[0-9]{5}[A-Z]*|DCGS[0-9]+'
                ) then 'goods'
            else 'service'
        end as product_kind,
        cast(round(prices.list_price, 2) as decimal(18, 2)) as list_price,
        cast(null as decimal(18, 2)) as unit_cost,
        cast(null as timestamp) as launched_at,
        {{ nothing_noted() }}
    from stock_codes
    left join names on stock_codes.product_id = names.product_id
    left join prices on stock_codes.product_id = prices.product_id
)

select * from contracted
