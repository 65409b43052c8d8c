-- one row per product and week that it is forecast from: what was known of its demand
with

product_weeks as (select * from {{ ref('dem_product_weeks') }}),
category_weeks as (select * from {{ ref('dem_category_weeks') }}),

origins as (
    select distinct origin_week from {{ ref('dem_origins') }}
),

-- most products sell too rarely at any time
sold as (
    select
        product_id as sold_product_id,
        count(case when units > 0 then 1 end) over half_year as sold_weeks,
        count(*) over half_year as seen_weeks
    from product_weeks
    window half_year as (
        partition by product_id order by week_number
        rows between 25 preceding and current row
    )
),

busy as (
    select distinct sold_product_id from sold
    where
        seen_weeks >= 8
        and sold_weeks >= {{ var('demand_groups').occasional }} * seen_weeks
),

changed as (
    select
        product_weeks.*,
        abs(
            product_weeks.units - lag(product_weeks.units) over (
                partition by product_weeks.product_id
                order by product_weeks.week_number
            )
        ) as unit_change
    from product_weeks
    semi join busy on product_weeks.product_id = busy.sold_product_id
),

{% set unpromoted = 'not is_censored and promotion_reach < 0.25' -%}
{% set promoted = 'not is_censored and promotion_reach >= 0.25' -%}
windowed as (
    select
        product_id,
        category,
        week_number + 1 as origin_week,
        units as last_units,
        -- 26 weeks, in which a week counts a fifth less than the one after it
        sum(
            case when not is_censored then units * pow(1.25, week_number) end
        ) over half_year / sum(
            case when not is_censored then pow(1.25, week_number) end
        ) over half_year as smoothing,
        {% for weeks in (4, 8, 13, 26) -%}
            {{ demand_mean('units', weeks) }} as mean_{{ weeks }},
        {% endfor -%}
        {{ demand_mean('units', 26, unpromoted) }} as unpromoted_mean,
        {{ demand_mean('units', 26, promoted) }} as promoted_mean,
        stddev_pop(case when not is_censored then units end) over half_year
            as unit_spread,
        avg(case when units > 0 then 1.0 else 0.0 end) over half_year as sold_share,
        count(*) over half_year as seen_weeks,
        count(case when promotion_reach >= 0.25 then 1 end) over half_year
            as promoted_weeks,
        promotion_reach as last_promotion_reach,
        {% for weeks in (4, 13) -%}
            {% for reach in ('display_reach', 'mailer_reach', 'cut_reach') -%}
                {{ demand_mean(reach, weeks, 'true') }} as {{ reach }}_{{ weeks }},
            {% endfor -%}
        {% endfor -%}
        avg(unit_change) over (
            partition by product_id order by week_number
            rows between unbounded preceding and current row
        ) as mean_change
    from changed
    window half_year as (
        partition by product_id order by week_number
        rows between 25 preceding and current row
    )
),

grouped as (
    select
        *,
        -- demand that a week's is measured in; never 0
        0.1 + coalesce(mean_13, mean_26, 0) as usual_units,
        case
            when sold_share >= {{ var('demand_groups').regular }} then 'regular'
            when sold_share >= {{ var('demand_groups').occasional }} then 'occasional'
        end as product_group
    from windowed
    -- with two months to go by
    where seen_weeks >= 8
),

joined as (
    select
        grouped.*,
        category_weeks.units / (category_weeks.mean_8 + 1) as category_last,
        category_weeks.mean_4 / (category_weeks.mean_13 + 1) as category_trend
    from grouped
    inner join origins on grouped.origin_week = origins.origin_week
    inner join category_weeks
        on
            grouped.category = category_weeks.category
            and grouped.origin_week = category_weeks.origin_week
    where grouped.product_group is not null
)

select * from joined
