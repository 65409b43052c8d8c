-- one row per judged or coming category and week ahead: its products, or a mean
with

product_forecasts as (select * from {{ ref('dem_product_forecasts') }}),
category_weeks as (select * from {{ ref('dem_category_weeks') }}),

-- occasional products are judged on the coming month only, so categories are, too
summed as (
    select
        category,
        split_name,
        origin_week,
        weeks_ahead,
        week_number,
        {{ exact_sum('expected_units') }} as own_units,
        {{ exact_sum('mean_8') }} as own_mean
    from product_forecasts
    where split_name = 'score' or weeks_ahead <= 4
    group by category, split_name, origin_week, weeks_ahead, week_number
),

horizons as (
    select distinct
        split_name,
        origin_week,
        weeks_ahead,
        week_number
    from summed
),

-- what the products without a forecast of their own sold lately goes on
united as (
    select
        states.category,
        horizons.split_name,
        horizons.origin_week,
        horizons.weeks_ahead,
        horizons.week_number,
        states.mean_4,
        states.mean_8,
        states.mean_change,
        coalesce(summed.own_units, 0) as own_units,
        greatest(states.mean_8 - coalesce(summed.own_mean, 0), 0) as other_units
    from horizons
    inner join category_weeks as states on horizons.origin_week = states.origin_week
    left join summed
        on
            states.category = summed.category
            and horizons.split_name = summed.split_name
            and horizons.origin_week = summed.origin_week
            and horizons.weeks_ahead = summed.weeks_ahead
),

known as (
    select
        united.*,
        united.own_units + united.other_units as bottom_up,
        case when united.week_number < 0 then coalesce(category_weeks.units, 0) end
            as units
    from united
    left join category_weeks
        on
            united.category = category_weeks.category
            and united.week_number = category_weeks.week_number
),

-- the sum of products is in service unless a mean of the category was better
judged as (
    select
        coalesce(
            sum(abs(units - bottom_up)) > least(
                sum(abs(units - mean_4)), sum(abs(units - mean_8))
            ),
            false
        ) as is_mean_better,
        coalesce(sum(abs(units - mean_4)) < sum(abs(units - mean_8)), true)
            as is_short_better
    from known
    where split_name = 'validation'
),

served as (
    select
        known.*,
        case
            when not judged.is_mean_better or known.bottom_up = 0 then 'bottom_up'
            when judged.is_short_better then 'mean_4'
            else 'mean_8'
        end as method_name
    from known
    cross join judged
),

scaled as (
    select
        *,
        case method_name
            when 'mean_4' then mean_4
            when 'mean_8' then mean_8
            else bottom_up
        end as expected_units,
        -- products and what is left of a category keep their shares of it
        case when bottom_up > 0 then expected_units / bottom_up else 1 end
            as scale_factor
    from served
)

select * from scaled
