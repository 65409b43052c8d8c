-- one row per judged or coming product and week ahead: units by the method in service
{{ config(materialized="view") }}
with

predictions as (select * from {{ ref('dem_predictions') }}),
champions as (select * from {{ ref('dem_champions') }}),

served as (
    select
        predictions.product_id,
        predictions.category,
        predictions.product_group,
        predictions.split_name,
        predictions.origin_week,
        predictions.weeks_ahead,
        predictions.week_number,
        predictions.is_newly_promoted,
        predictions.units,
        predictions.mean_8,
        predictions.mean_change,
        champions.method_name,
        coalesce(
            case champions.method_name
                {% for method in demand_methods() -%}
                    when '{{ method }}' then predictions.{{ method }}
                {% endfor -%}
            end,
            predictions.mean_8
        ) as expected_units
    from predictions
    inner join champions
        on
            predictions.product_group = champions.product_group
            and predictions.is_plan_known = champions.is_plan_known
)

select * from served
