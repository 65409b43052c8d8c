-- one row per entity, status, reason and repairs: how many rows met it
{% set entities = [
    'users', 'products', 'transactions', 'events', 'stock_levels', 'reviews',
    'campaigns', 'campaign_contacts', 'contact_events', 'coupons',
    'coupon_redemptions',
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
promotion_keys as (
    select
        row_status,
        status_reason,
        max(repairs) as repairs,
        count(*) as row_count
    from {{ ref('int_promotions_checked') }}
    group by row_status, status_reason, {{ key_hash(promotion_key) }}
),

promotion_keys_counted as (
    select
        row_status,
        status_reason,
        repairs,
        count(*) as key_count,
        sum(row_count) as row_count
    from promotion_keys
    group by row_status, status_reason, repairs
),

-- kept rows of one product, place and week are merged into one, the others deduplicated
promotions_counted as (
    select
        row_status,
        status_reason,
        repairs,
        case when row_status = 'kept' then key_count else row_count end as row_count
    from promotion_keys_counted
    union all
    select
        'deduplicated' as row_status,
        'merged with another placement' as status_reason,
        cast(null as string) as repairs,
        sum(row_count - key_count) as row_count
    from promotion_keys_counted
    where row_status = 'kept'
    having sum(row_count - key_count) > 0
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
