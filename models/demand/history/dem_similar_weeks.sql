-- one row per product, week it is forecast from and planned week: demand in weeks alike
with

planned as (
    select distinct
        product_id,
        origin_week,
        promotion_reach,
        display_reach,
        mailer_reach,
        cut_reach
    from {{ ref('dem_forecast_rows') }}
    where is_plan_known
),

product_weeks as (
    select * from {{ ref('dem_product_weeks') }}
    where not is_censored
),

-- a week counts by how alike its promotions were, and a twentieth less per week of age
weighed as (
    select
        planned.*,
        product_weeks.units,
        exp(
            -20 * (
                pow(planned.promotion_reach - product_weeks.promotion_reach, 2)
                + pow(planned.display_reach - product_weeks.display_reach, 2)
                + pow(planned.mailer_reach - product_weeks.mailer_reach, 2)
                + pow(planned.cut_reach - product_weeks.cut_reach, 2)
            )
            + ln(0.95) * (planned.origin_week - 1 - product_weeks.week_number)
        ) as likeness
    from planned
    inner join product_weeks
        on
            planned.product_id = product_weeks.product_id
            and product_weeks.week_number
            between planned.origin_week - 26 and planned.origin_week - 1
),

summed as (
    select
        product_id,
        origin_week,
        promotion_reach,
        display_reach,
        mailer_reach,
        cut_reach,
        {{ exact_sum('likeness') }} as alike_weight,
        {{ exact_sum('likeness * units') }} as alike_units
    from weighed
    group by
        product_id,
        origin_week,
        promotion_reach,
        display_reach,
        mailer_reach,
        cut_reach
)

select * from summed
