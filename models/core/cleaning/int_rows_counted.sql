-- one row per entity, status, reason and repairs: how many rows met it
{% set entities = [
    'users', 'products', 'transactions', 'events', 'stock_levels', 'reviews',
    'campaigns', 'campaign_contacts', 'contact_events', 'coupons',
    'coupon_redemptions', 'point_movements', 'order_tokens', 'order_disputes',
    'currency_rates',
] -%}
{% set promotion_key = ['product_id', 'location_id', 'week_start_date'] -%}
with

{% for entity in entities -%}
    {% set amount = 'sum(net_amount)' if entity == 'transactions' else '0' -%}
    {{ entity }}_counted as (
        select
            '{{ entity }}' as entity,
            row_status,
            status_reason,
            repairs,
            cast(count(*) as bigint) as row_count,
            cast(coalesce({{ amount }}, 0) as decimal(18, 2)) as net_amount
        from {{ ref('int_' ~ entity ~ '_checked') }}
        group by row_status, status_reason, repairs
    ),

{% endfor -%}
kept_promotions as (
    select
        repairs,
        {{ key_hash(promotion_key) }} as promotion_hash
    from {{ ref('int_promotions_checked') }}
    where row_status = 'kept'
),

keys_counted as (
    select
        count(*) as row_count,
        count(distinct promotion_hash) as key_count,
        count(distinct case when repairs is not null then promotion_hash end)
            as repaired_key_count
    from kept_promotions
),

-- few: a key that needed repairs is grouped by, the others are only counted
repaired_keys as (
    select max(repairs) as repairs
    from kept_promotions
    where repairs is not null
    group by promotion_hash
),

repaired_keys_counted as (
    select
        repairs,
        count(*) as key_count
    from repaired_keys
    group by repairs
),

-- kept rows of one product, place and week are merged into one, the others deduplicated
promotions_counted as (
    select
        row_status,
        status_reason,
        repairs,
        count(*) as row_count
    from {{ ref('int_promotions_checked') }}
    where row_status != 'kept'
    group by row_status, status_reason, repairs
    union all
    select
        'kept' as row_status,
        cast(null as string) as status_reason,
        repairs,
        key_count as row_count
    from repaired_keys_counted
    union all
    select
        'kept' as row_status,
        cast(null as string) as status_reason,
        cast(null as string) as repairs,
        key_count - repaired_key_count as row_count
    from keys_counted
    where key_count > repaired_key_count
    union all
    select
        'deduplicated' as row_status,
        'merged with another placement' as status_reason,
        cast(null as string) as repairs,
        row_count - key_count as row_count
    from keys_counted
    where row_count > key_count
),

united as (
    {% for entity in entities -%}
        select * from {{ entity }}_counted
        union all
    {% endfor -%}
    select
        'promotions' as entity,
        row_status,
        status_reason,
        repairs,
        cast(row_count as bigint) as row_count,
        cast(0 as decimal(18, 2)) as net_amount
    from promotions_counted
)

select * from united
