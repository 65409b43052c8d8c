-- one row per counted product and place: what to order now, and why
with

needs as (select * from {{ ref('dem_reorder_needs') }}),

scoring as (
    select distinct scoring_date from {{ ref('as_of_dates') }}
),

netted as (
    select
        *,
        on_hand_units + on_order_units as position_units,
        greatest(target_units - on_hand_units - on_order_units, 0) as short_units
    from needs
),

-- whole packs, at least the supplier's minimum, no more than sells before it expires
rounded as (
    select
        *,
        case
            when short_units > 0.000001
                then
                    ceil(greatest(short_units, minimum_order) / pack_size - 1e-9)
                    * pack_size
            else 0
        end as packed_units,
        case
            when shelf_units is not null
                then
                    greatest(floor((shelf_units - position_units) / pack_size), 0)
                    * pack_size
        end as shelf_cap_units
    from netted
),

capped as (
    select
        *,
        coalesce(shelf_cap_units < packed_units, false) as is_shelf_capped,
        case
            -- less than the minimum cannot be ordered
            when least(packed_units, shelf_cap_units) < minimum_order then 0
            else least(packed_units, coalesce(shelf_cap_units, packed_units))
        end as wanted_units,
        case when daily_units > 0 then position_units / daily_units end
            as cover_now_days
    from rounded
),

-- the budget goes to what runs out first
spent as (
    select
        *,
        wanted_units * coalesce(unit_cost, 0) as wanted_cost,
        sum(wanted_units * coalesce(unit_cost, 0)) over (
            order by cover_now_days nulls last, product_id, location_id
            rows between unbounded preceding and current row
        ) as cost_so_far
    from capped
),

{% set budget = var('reorder_budget') -%}
ordered as (
    select
        *,
        {% if budget == 0 -%}
            false as is_budget_capped,
        {% else -%}
            wanted_units > 0 and cost_so_far > {{ budget }} as is_budget_capped,
        {% endif -%}
        case when is_budget_capped then 0 else wanted_units end as order_units,
        coalesce(
            position_units > cover_units + daily_units * {{ var('overstock_days') }},
            false
        ) as is_overstocked,
        coalesce(on_hand_units > shelf_units, false) as is_expiring
    from spent
),

explained as (
    select
        ordered.product_id,
        ordered.location_id,
        nullif(ordered.category, '') as category,
        ordered.on_hand_units,
        ordered.on_order_units,
        ordered.cover_units as expected_units,
        ordered.campaign_units,
        ordered.target_units,
        ordered.service_level_used as service_level,
        ordered.cover_days,
        ordered.cover_now_days as days_of_cover,
        ordered.pack_size,
        ordered.minimum_order,
        ordered.order_units,
        cast(ordered.order_units * ordered.unit_cost as double) as order_cost,
        ordered.is_overstocked,
        ordered.is_expiring,
        ordered.is_shelf_capped,
        ordered.is_budget_capped,
        {{ reorder_reason('en', 'cover_units') }} as reason,
        ordered.counted_on,
        scoring.scoring_date as as_of_date
    from ordered
    cross join scoring
)

select * from explained
