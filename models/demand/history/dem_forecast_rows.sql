-- one row per product, week it is forecast from, weeks ahead and use of the forecast
with

states as (
    select
        product_id,
        origin_week,
        product_group
    from {{ ref('dem_product_states') }}
),

origins as (select * from {{ ref('dem_origins') }}),
product_weeks as (select * from {{ ref('dem_product_weeks') }}),
promotion_weeks as (select * from {{ ref('dem_promotion_weeks') }}),

-- up to the last week that names a promotion, the plan says what is promoted
plan_end as (
    select max(week_number) as week_number from promotion_weeks
),

steps as (
    {{ dbt.generate_series(8) }}
),

{% set state = "concat(states.product_id, ':', states.origin_week)" -%}
counted as (
    select
        states.*,
        origins.split_name,
        origins.most_weeks_ahead,
        origins.first_validation_week,
        origins.first_test_week,
        count(*) over (partition by states.product_group, origins.split_name)
            as state_count,
        {{ hashed_number(state, 'demand rows') }} as first_draw,
        {{ hashed_number(state, 'demand weeks') }} as second_draw
    from states
    inner join origins on states.origin_week = origins.origin_week
),

-- fits learn from a hashed share, each state for one of its weeks
picked as (
    select
        counted.*,
        cast(steps.generated_number as bigint) as weeks_ahead,
        counted.origin_week + steps.generated_number - 1 as week_number
    from counted
    inner join steps
        on
            counted.most_weeks_ahead >= steps.generated_number
            and (
                counted.split_name <> 'learn'
                or steps.generated_number = 1 + floor(8 * counted.second_draw)
            )
    where
        (
            counted.split_name <> 'learn'
            or counted.first_draw * counted.state_count
            < {{ var('demand_learnt_rows') }}
        )
        -- occasional products are judged on the coming month
        and (
            counted.split_name = 'score'
            or counted.product_group = 'regular'
            or steps.generated_number <= 4
        )
),

known as (
    select
        picked.product_id,
        picked.product_group,
        picked.split_name,
        picked.origin_week,
        picked.weeks_ahead,
        picked.week_number,
        picked.week_number < picked.first_validation_week as is_before_validation,
        picked.week_number < picked.first_test_week as is_before_test,
        coalesce(picked.week_number <= plan_end.week_number, false) as is_plan_known,
        {% for kind in ('promotion', 'display', 'mailer', 'cut') -%}
            coalesce(promotion_weeks.{{ kind }}_reach, 0) as {{ kind }}_reach,
        {% endfor -%}
        case when not product_weeks.is_censored then product_weeks.units end as units
    from picked
    cross join plan_end
    left join product_weeks
        on
            picked.product_id = product_weeks.product_id
            and picked.week_number = product_weeks.week_number
    left join promotion_weeks
        on
            picked.product_id = promotion_weeks.product_id
            and picked.week_number = promotion_weeks.week_number
    where picked.week_number < 0 or picked.split_name = 'score'
)

select * from known
