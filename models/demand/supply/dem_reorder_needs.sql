-- one row per counted product and place: demand until the order after next can arrive
with

stock as (
    select
        *,
        lead_time_days + review_days as cover_days,
        -- newsvendor: what a missing unit costs against what one too many does
        least(
            greatest(
                coalesce(
                    service_level,
                    (list_price - unit_cost)
                    / nullif(list_price - unit_cost + holding_cost, 0),
                    {{ var('supply_defaults').service_level }}
                ),
                0.5
            ),
            0.99
        ) as service_level_used
    from {{ ref('dem_stock') }}
),

demand as (select * from {{ ref('dem_stock_demand') }}),
spreads as (
    select * from {{ ref('dem_cover_spreads') }}
    where used_for = 'score' and forecast_level = 'product_place'
),

-- beyond eight weeks demand goes on as in their mean
summed as (
    select
        stock.product_id,
        stock.location_id,
        {% for name, days in {
            'cover': 'cover_days', 'shelf': 'shelf_life_days',
        }.items() -%}
            sum(
                (demand.own_units + demand.campaign_units)
                * least(
                    greatest(stock.{{ days }} - 7 * demand.week_number, 0) / 7.0, 1
                )
            ) * greatest(max(stock.{{ days }}) / 56, 1) as {{ name }}_units,
        {% endfor -%}
        sum(
            demand.campaign_units
            * least(greatest(stock.cover_days - 7 * demand.week_number, 0) / 7.0, 1)
        ) as campaign_units,
        sum(demand.own_units + demand.campaign_units) / 56 as daily_units
    from stock
    inner join demand
        on
            stock.product_id = demand.product_id
            and stock.location_id = demand.location_id
    group by stock.product_id, stock.location_id
),

sized as (
    select
        stock.*,
        summed.cover_units,
        summed.campaign_units,
        summed.daily_units,
        case when stock.shelf_life_days is not null then summed.shelf_units end
            as shelf_units,
        greatest(least(cast(ceil(stock.cover_days / 7) as bigint), 8), 1)
            as cover_weeks,
        {{ size_class('summed.cover_units') }} as size_class
    from stock
    inner join summed
        on
            stock.product_id = summed.product_id
            and stock.location_id = summed.location_id
),

{% set levels = cover_quantiles() -%}
spread as (
    select
        {% for suffix, level in levels.items() if level >= 0.5 -%}
            {{ demand_quantile('spreads.ratio_' ~ suffix, level, 'sized.cover_units') }}
                as units_{{ suffix }},
        {% endfor -%}
        sized.*
    from sized
    left join spreads
        on
            sized.cover_weeks = spreads.cover_weeks
            and sized.size_class = spreads.size_class
),

-- straight lines between the quantiles; a late delivery adds days of demand
targeted as (
    select
        *,
        case
            {% set kept = levels.items() | selectattr('1', 'ge', 0.5) | list -%}
            {% for suffix, level in kept[1:] -%}
                {% set below = kept[loop.index0] -%}
                when service_level_used <= {{ level }}
                    then
                        units_{{ below[0] }}
                        + (units_{{ suffix }} - units_{{ below[0] }})
                        * (service_level_used - {{ below[1] }}) / {{ level - below[1] }}
            {% endfor -%}
        end as quantile_units
    from spread
)

select
    product_id,
    location_id,
    category,
    on_hand_units,
    on_order_units,
    cover_days,
    service_level_used,
    pack_size,
    minimum_order,
    unit_cost,
    cover_units,
    campaign_units,
    daily_units,
    shelf_units,
    quantile_units,
    counted_on,
    cover_units + sqrt(
        pow(greatest(quantile_units - cover_units, 0), 2)
        + pow((4 * service_level_used - 2) * lead_time_spread_days * daily_units, 2)
    ) as target_units
from targeted
