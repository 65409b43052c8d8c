-- one row per product and week from its first sale on: units, promotions, stock-outs
with

place_sales as (select * from {{ ref('dem_place_sales') }}),
promotion_weeks as (select * from {{ ref('dem_promotion_weeks') }}),

scoring as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

product_sales as (
    select
        product_id,
        week_number,
        sum(units) as units
    from place_sales
    group by product_id, week_number
),

-- a forecast of its own needs a few weeks with sales; others go with their category
spans as (
    select
        product_id,
        min(week_number) as first_week
    from product_sales
    group by product_id
    having count(*) >= {{ var('demand_least_weeks') }}
),

steps as (
    {{ dbt.generate_series(var('demand_history_weeks')) }}
),

grid as (
    select
        spans.product_id,
        cast(0 - steps.generated_number as bigint) as week_number
    from spans
    inner join steps on 0 - steps.generated_number >= spans.first_week
),

stock_outs as (
    select
        stock_levels.product_id,
        {{ demand_week('stock_levels.counted_on') }} as week_number,
        avg(case when stock_levels.is_out_of_stock then 1.0 else 0.0 end) as out_share
    from {{ ref('stock_levels') }} as stock_levels
    cross join scoring
    group by stock_levels.product_id, {{ demand_week('stock_levels.counted_on') }}
),

categories as (
    select
        product_id,
        coalesce(category, '') as category
    from {{ ref('products') }}
),

joined as (
    select
        grid.product_id,
        categories.category,
        grid.week_number,
        coalesce(product_sales.units, 0) as units,
        coalesce(promotion_weeks.promotion_reach, 0) as promotion_reach,
        coalesce(promotion_weeks.display_reach, 0) as display_reach,
        coalesce(promotion_weeks.mailer_reach, 0) as mailer_reach,
        coalesce(promotion_weeks.cut_reach, 0) as cut_reach,
        coalesce(stock_outs.out_share >= {{ var('demand_censored_share') }}, false)
            as is_out,
        coalesce(promotion_weeks.promotion_reach >= 0.25, false) as is_promoted
    from grid
    inner join categories on grid.product_id = categories.product_id
    left join product_sales
        on
            grid.product_id = product_sales.product_id
            and grid.week_number = product_sales.week_number
    left join promotion_weeks
        on
            grid.product_id = promotion_weeks.product_id
            and grid.week_number = promotion_weeks.week_number
    left join stock_outs
        on
            grid.product_id = stock_outs.product_id
            and grid.week_number = stock_outs.week_number
),

-- a week in which much of the shop had none left says nothing of demand, unless it sold
-- what is usual in weeks of its kind: many run out because demand was high, and without
-- them only the low ones would be learnt from
judged as (
    select
        product_id,
        category,
        week_number,
        units,
        promotion_reach,
        display_reach,
        mailer_reach,
        cut_reach,
        is_out
        and (
            units = 0
            or units < coalesce(
                case
                    when is_promoted
                        then avg(case when is_promoted and not is_out then units end)
                            over half_year
                    else
                        coalesce(
                            avg(
                                case when not is_promoted and not is_out then units end
                            ) over half_year,
                            avg(units) over half_year
                        )
                end,
                units + 1
            )
        ) as is_censored
    from joined
    window half_year as (
        partition by product_id order by week_number
        rows between 26 preceding and 1 preceding
    )
)

select * from judged
