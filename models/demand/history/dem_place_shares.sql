-- one row per product, place and week it is forecast from: the share of the place
with

place_sales as (
    select * from {{ ref('dem_place_sales') }}
    where location_id <> ''
),

origins as (
    select distinct origin_week from {{ ref('dem_origins') }}
    where split_name <> 'learn'
),

-- only these can have sold often enough within half a year
often as (
    select
        product_id,
        location_id
    from place_sales
    group by product_id, location_id
    having count(*) >= {{ var('demand_place_least_weeks') }}
),

counted as (
    select distinct
        product_id,
        location_id
    from {{ ref('stock_levels') }}
),

pairs as (
    select * from often
    union
    select * from counted
),

place_origins as (
    select
        place_sales.location_id,
        origins.origin_week,
        sum(place_sales.units) as units,
        sum(sum(place_sales.units)) over (partition by origins.origin_week) as all_units
    from origins
    inner join place_sales
        on
            place_sales.week_number
            between origins.origin_week - 26 and origins.origin_week - 1
    group by place_sales.location_id, origins.origin_week
),

product_sales as (
    select
        product_id,
        week_number,
        sum(units) as units
    from {{ ref('dem_place_sales') }}
    group by product_id, week_number
),

product_units as (
    select
        product_sales.product_id,
        origins.origin_week,
        sum(product_sales.units) as units
    from origins
    inner join product_sales
        on
            product_sales.week_number
            between origins.origin_week - 26 and origins.origin_week - 1
    group by product_sales.product_id, origins.origin_week
),

pair_sales as (
    select
        place_sales.product_id,
        place_sales.location_id,
        place_sales.week_number,
        place_sales.units
    from place_sales
    inner join pairs
        on
            place_sales.product_id = pairs.product_id
            and place_sales.location_id = pairs.location_id
),

pair_units as (
    select
        pairs.product_id,
        pairs.location_id,
        origins.origin_week,
        coalesce(sum(pair_sales.units), 0) as units,
        count(pair_sales.week_number) as sold_weeks
    from pairs
    cross join origins
    left join pair_sales
        on
            pairs.product_id = pair_sales.product_id
            and pairs.location_id = pair_sales.location_id
            and pair_sales.week_number
            between origins.origin_week - 26 and origins.origin_week - 1
    group by pairs.product_id, pairs.location_id, origins.origin_week
),

-- a product of few sales is divided as the whole shop's sales are
shared as (
    select
        pair_units.product_id,
        pair_units.location_id,
        pair_units.origin_week,
        (
            pair_units.units
            + {{ var('demand_place_prior_units') }}
            * coalesce(place_origins.units / place_origins.all_units, 0)
        ) / (product_units.units + {{ var('demand_place_prior_units') }}) as place_share
    from pair_units
    inner join product_units
        on
            pair_units.product_id = product_units.product_id
            and pair_units.origin_week = product_units.origin_week
    left join place_origins
        on
            pair_units.location_id = place_origins.location_id
            and pair_units.origin_week = place_origins.origin_week
    left join counted
        on
            pair_units.product_id = counted.product_id
            and pair_units.location_id = counted.location_id
    where
        pair_units.sold_weeks >= {{ var('demand_place_least_weeks') }}
        -- orders are made for whatever is counted, and judged as they are made
        or counted.product_id is not null
)

select * from shared
