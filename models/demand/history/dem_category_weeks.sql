-- one row per category and week from its first sale on: units, and their mean so far
with

category_sales as (
    select
        coalesce(products.category, '') as category,
        place_sales.week_number,
        sum(place_sales.units) as units
    from {{ ref('dem_place_sales') }} as place_sales
    inner join {{ ref('products') }} as products
        on place_sales.product_id = products.product_id
    group by coalesce(products.category, ''), place_sales.week_number
),

first_weeks as (
    select
        category,
        min(week_number) as first_week
    from category_sales
    group by category
),

steps as (
    {{ dbt.generate_series(var('demand_history_weeks')) }}
),

filled as (
    select
        first_weeks.category,
        cast(0 - steps.generated_number as bigint) as week_number,
        coalesce(category_sales.units, 0) as units
    from first_weeks
    inner join steps on 0 - steps.generated_number >= first_weeks.first_week
    left join category_sales
        on
            first_weeks.category = category_sales.category
            and 0 - steps.generated_number = category_sales.week_number
),

changed as (
    select
        *,
        abs(units - lag(units) over (partition by category order by week_number))
            as unit_change
    from filled
),

averaged as (
    select
        category,
        week_number,
        week_number + 1 as origin_week,
        units,
        {% for weeks in (4, 8, 13) -%}
            avg(units) over (
                partition by category order by week_number
                rows between {{ weeks - 1 }} preceding and current row
            ) as mean_{{ weeks }},
        {% endfor -%}
        avg(unit_change) over (
            partition by category order by week_number
            rows between unbounded preceding and current row
        ) as mean_change
    from changed
)

select * from averaged
