-- one row per product and place that was ever counted: stock, and how it is supplied
with

last_counts as (
    select *
    from {{ ref('stock_levels') }}
    qualify row_number() over (
        partition by product_id, location_id
        order by counted_at desc
    ) = 1
),

products as (select * from {{ ref('products') }}),
transactions as (select * from {{ ref('transactions') }}),

shop_rules as (
    select * from {{ ref('supply_rules') }}
    where
        shop = '{{ active_source() }}'
        and {{ is_faultless(ref('dem_supply_faults')) }}
),

ranked_rules as (
    select
        shop_rules.product_id,
        shop_rules.category,
        shop_rules.location_id,
        {% for column in supply_columns() -%}
            try_cast(shop_rules.{{ column }} as double) as {{ column }},
        {% endfor -%}
        case when shop_rules.product_id is not null then 4 else 0 end
        + case when shop_rules.category is not null then 2 else 0 end
        + case when shop_rules.location_id is not null then 1 else 0 end as rule_rank
    from shop_rules
),

sold_since as (
    select
        last_counts.product_id,
        last_counts.location_id,
        sum(transactions.quantity) as units
    from last_counts
    inner join transactions
        on
            last_counts.product_id = transactions.product_id
            and last_counts.location_id = transactions.location_id
            and last_counts.counted_at < transactions.ordered_at
    where transactions.is_basket_line and not transactions.is_cancelled
    group by last_counts.product_id, last_counts.location_id
),

-- the most particular rule that says something counts, column by column
supplied as (
    select
        last_counts.product_id,
        {% for column in supply_columns() -%}
            max_by(
                ranked_rules.{{ column }}, ranked_rules.rule_rank
            ) filter (
                where ranked_rules.{{ column }} is not null
            ) as {{ column }},
        {% endfor -%}
        last_counts.location_id
    from last_counts
    inner join products on last_counts.product_id = products.product_id
    left join ranked_rules
        on
            coalesce(ranked_rules.product_id, last_counts.product_id)
            = last_counts.product_id
            and coalesce(ranked_rules.category, products.category, '')
            = coalesce(products.category, '')
            and coalesce(ranked_rules.location_id, last_counts.location_id)
            = last_counts.location_id
    group by last_counts.product_id, last_counts.location_id
),

described as (
    select
        last_counts.product_id,
        last_counts.location_id,
        coalesce(products.category, '') as category,
        last_counts.counted_on,
        cast(last_counts.on_hand as double) as counted_units,
        cast(
            greatest(last_counts.on_hand - coalesce(sold_since.units, 0), 0) as double
        ) as on_hand_units,
        cast(coalesce(last_counts.on_order, 0) as double) as on_order_units,
        coalesce(
            supplied.lead_time_days, last_counts.lead_time_days,
            {{ var('supply_defaults').lead_time_days }}
        ) as lead_time_days,
        coalesce(supplied.lead_time_spread_days, 0) as lead_time_spread_days,
        coalesce(supplied.review_days, {{ var('supply_defaults').review_days }})
            as review_days,
        supplied.service_level,
        coalesce(supplied.pack_size, 1) as pack_size,
        coalesce(supplied.minimum_order, 0) as minimum_order,
        supplied.shelf_life_days,
        supplied.holding_cost,
        cast(products.list_price as double) as list_price,
        coalesce(
            cast(products.unit_cost as double),
            cast(products.list_price as double) * (1 - {{ shop('margin_share') }})
        ) as unit_cost
    from last_counts
    inner join products on last_counts.product_id = products.product_id
    inner join supplied
        on
            last_counts.product_id = supplied.product_id
            and last_counts.location_id = supplied.location_id
    left join sold_since
        on
            last_counts.product_id = sold_since.product_id
            and last_counts.location_id = sold_since.location_id
)

select * from described
