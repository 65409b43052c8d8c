-- one row per product, place and week from its first sale to its last: price and units
{% set prices = var('market_prices') -%}
with

sold as (select * from {{ ref('mkt_price_sales') }}),
week_starts as (select * from {{ ref('mkt_week_starts') }}),
weeks as (select distinct week_start_date from sold),

-- the first and the last week of the data may be parts of weeks
bounds as (
    select
        min(week_start_date) as first_week,
        max(week_start_date) as last_week
    from weeks
),

usual as (
    select
        category,
        product_id,
        location_id,
        min(week_start_date) as first_week,
        max(week_start_date) as last_week,
        median(full_price) as usual_price
    from sold
    group by category, product_id, location_id
    having count(*) >= {{ prices.least_weeks }} and median(full_price) > 0
),

drawn as (
    select * from usual
    qualify row_number() over (
        partition by category
        order by md5(concat(product_id, ':', location_id)), product_id, location_id
    ) <= {{ prices.most_pairs }}
),

-- where nothing sold, the price is that of the other places
shop_wide as (
    select
        sold.product_id,
        sold.week_start_date,
        median(sold.shelf_price / drawn.usual_price) as shelf_ratio,
        median(sold.full_price / drawn.usual_price) as full_ratio
    from sold
    inner join drawn
        on
            sold.product_id = drawn.product_id
            and sold.location_id = drawn.location_id
    group by sold.product_id, sold.week_start_date
),

listed as (
    select
        drawn.product_id,
        drawn.location_id,
        promotions.week_start_date,
        max(promotions.price_cut) as price_cut
    from {{ ref('int_promotions_checked') }} as promotions
    inner join drawn
        on
            promotions.product_id = drawn.product_id
            and coalesce(promotions.location_id, '') = drawn.location_id
    where promotions.row_status = 'kept'
    group by drawn.product_id, drawn.location_id, promotions.week_start_date
),

promoted as (
    select
        listed.product_id,
        listed.location_id,
        {{ market_week('listed.week_start_date') }} as week_start_date,
        max(listed.price_cut) as price_cut
    from listed
    cross join week_starts
    group by
        listed.product_id,
        listed.location_id,
        {{ market_week('listed.week_start_date') }}
),

-- where promotions name cuts, other discounts are a user's own, no price of the shelf
cut_prices as (
    select 2 * count(case when price_cut > 0 then 1 end) > count(*) as are_told
    from promoted
),

counted as (
    select
        stock_levels.product_id,
        coalesce(stock_levels.location_id, '') as location_id,
        {{ market_week('stock_levels.counted_on') }} as week_start_date
    from {{ ref('stock_levels') }} as stock_levels
    cross join week_starts
    where stock_levels.is_out_of_stock
),

-- a week that began or ended without stock tells little of what was wanted
ran_out as (
    select * from counted
    union
    select
        product_id,
        location_id,
        {{ days_after('week_start_date', -7) }} as week_start_date
    from counted
),

asked as (
    select
        drawn.category,
        drawn.product_id,
        drawn.location_id,
        weeks.week_start_date,
        coalesce(sold.units, 0) as units,
        promoted.product_id is not null as is_promoted,
        case
            when cut_prices.are_told
                then coalesce(
                    sold.full_price / drawn.usual_price, shop_wide.full_ratio, 1
                ) - coalesce(cast(promoted.price_cut as double), 0) / drawn.usual_price
            when sold.units > 0 then sold.shelf_price / drawn.usual_price
            when promoted.product_id is null then coalesce(shop_wide.shelf_ratio, 1)
            else shop_wide.shelf_ratio
        end as price_ratio
    from drawn
    cross join bounds
    cross join cut_prices
    inner join weeks
        on
            weeks.week_start_date between drawn.first_week and drawn.last_week
            and bounds.first_week < weeks.week_start_date
            and bounds.last_week > weeks.week_start_date
    {% for table in ('sold', 'promoted', 'ran_out') -%}
        left join {{ table }}
            on
                drawn.product_id = {{ table }}.product_id
                and drawn.location_id = {{ table }}.location_id
                and weeks.week_start_date = {{ table }}.week_start_date
    {% endfor -%}
    left join shop_wide
        on
            drawn.product_id = shop_wide.product_id
            and weeks.week_start_date = shop_wide.week_start_date
    where ran_out.product_id is null
)

select * from asked
-- cheaper or dearer than that, one of the two prices is wrong
where price_ratio between 0.2 and 3
