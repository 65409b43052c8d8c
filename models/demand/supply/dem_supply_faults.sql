-- one row per fault of seed supply_rules, as a sentence
with

supply_rules as (
    select * from {{ ref('supply_rules') }}
    where shop = '{{ active_source() }}'
),

products as (select * from {{ ref('products') }}),

{% set checks = [
    ('lead_time_days', not_between('lead_time_days', 'double', 0, 365),
        'days from 0 to 365'),
    ('lead_time_spread_days', not_between('lead_time_spread_days', 'double', 0, 365),
        'days from 0 to 365'),
    ('review_days', not_between('review_days', 'double', 1, 365), 'days from 1 to 365'),
    ('service_level', not_inside('service_level', 0, 1),
        'a share above 0 and below 1'),
    ('pack_size', not_between('pack_size', 'double', 0.001), 'units above 0'),
    ('minimum_order', not_between('minimum_order', 'double', 0), 'units of 0 or more'),
    ('shelf_life_days', not_between('shelf_life_days', 'double', 1, 36500),
        'days from 1'),
    ('holding_cost', not_between('holding_cost', 'double', 0),
        'an amount of 0 or more'),
] -%}
{% set named = "coalesce(product_id, category, location_id, 'of all')" -%}
named_rules as (
    select
        *,
        {{ named }} as rule
    from supply_rules
),

broken as (
    {% for column, fault, expected in checks -%}
        select {{ plan_sentence('supply_rules', 'rule', column, expected) }} as sentence
        from named_rules
        where {{ column }} is not null and {{ fault }}
        union all
    {% endfor -%}
    select
        {{ plan_sentence(
            'supply_rules', 'rule', 'product_id', 'a product of the shop'
        ) }} as sentence
    from named_rules
    where
        product_id is not null
        and {{ not_in('product_id', 'products', 'product_id') }}
    union all
    select
        {{ plan_sentence(
            'supply_rules', 'rule', 'category', 'a category of the shop'
        ) }} as sentence
    from named_rules
    where category is not null and {{ not_in('category', 'products', 'category') }}
    union all
    select
        {{ plan_sentence(
            'supply_rules', 'rule', 'category', 'none beside a product_id'
        ) }} as sentence
    from named_rules
    where product_id is not null and category is not null
),

repeated as (
    select
        concat(
            'Seed supply_rules, rule ', rule,
            ', column location_id: expected once, found ',
            coalesce(location_id, 'nothing'), ' ', cast(count(*) as string), ' times.'
        ) as sentence
    from named_rules
    group by rule, product_id, category, location_id
    having count(*) > 1
),

other_shops as (
    select
        {{ plan_sentence('supply_rules', 'shop', 'shop', 'a shop of var shops') }}
            as sentence
    from {{ ref('supply_rules') }}
    where {{ not_one_of('shop', var('shops')) }}
),

united as (
    select sentence from broken
    union all
    select sentence from repeated
    union all
    select sentence from other_shops
)

select * from united
