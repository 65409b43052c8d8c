-- one row per counted product and place and week to come: units expected there
with

stock as (select * from {{ ref('dem_stock') }}),
campaign_units as (select * from {{ ref('dem_campaign_units') }}),

place_forecasts as (
    select * from {{ ref('dem_quantiles') }}
    where split_name = 'score' and forecast_level = 'product_place'
),

product_sales as (
    select
        product_id,
        location_id,
        sum(units) as units
    from {{ ref('dem_place_sales') }}
    where week_number >= -26
    group by product_id, location_id
),

first_weeks as (
    select
        product_id,
        least(-min(week_number), 26) as seen_weeks
    from {{ ref('dem_place_sales') }}
    group by product_id
),

-- on a shelf that sold it, and nobody wants it any more; what is sold out may be missed
discontinued as (
    select product_id
    from {{ ref('dem_place_sales') }}
    group by product_id
    having -7 * max(week_number) > {{ var('discontinued_days') }}
    intersect
    select stock.product_id from stock
    inner join {{ ref('dem_place_sales') }} as sold
        on
            stock.product_id = sold.product_id
            and stock.location_id = sold.location_id
    where stock.on_hand_units > 0
),

steps as (
    {{ dbt.generate_series(8) }}
),

-- what sells too rarely for a forecast of its own goes on as it did
expected as (
    select
        stock.product_id,
        stock.location_id,
        cast(steps.generated_number - 1 as bigint) as week_number,
        case
            when discontinued.product_id is not null then 0
            else coalesce(
                place_forecasts.expected_units,
                product_sales.units / first_weeks.seen_weeks,
                0
            )
        end as own_units
    from stock
    cross join steps
    left join place_forecasts
        on
            stock.product_id = place_forecasts.product_id
            and stock.location_id = place_forecasts.location_id
            and steps.generated_number = place_forecasts.weeks_ahead
    left join product_sales
        on
            stock.product_id = product_sales.product_id
            and stock.location_id = product_sales.location_id
    left join first_weeks on stock.product_id = first_weeks.product_id
    left join discontinued on stock.product_id = discontinued.product_id
),

-- campaigns sell where the product sells
planned as (
    select
        expected.product_id,
        expected.location_id,
        expected.week_number,
        expected.own_units,
        coalesce(
            campaign_units.campaign_units
            * case
                when sum(expected.own_units) over same_week > 0
                    then expected.own_units / sum(expected.own_units) over same_week
                else 1.0 / count(*) over same_week
            end,
            0
        ) as campaign_units
    from expected
    left join campaign_units
        on
            expected.product_id = campaign_units.product_id
            and expected.week_number = campaign_units.week_number
    window same_week as (partition by expected.product_id, expected.week_number)
)

select * from planned
