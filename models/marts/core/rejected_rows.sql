-- one row per source row that was rejected
{% set keys = {
    'users': ['user_id'],
    'products': ['product_id'],
    'transactions': ['transaction_id'],
    'campaigns': ['campaign_id'],
    'campaign_contacts': ['campaign_id', 'user_id'],
    'coupons': ['campaign_id', 'coupon_id', 'product_id'],
    'coupon_redemptions': ['redemption_id'],
} %}
with

{% for entity, key in keys.items() -%}
    {% set checked = ref('int_' ~ entity ~ '_checked') -%}
    {{ entity }}_rejected as (
        select
            '{{ entity }}' as entity,
            {% for column in key -%}
                coalesce({{ column }}, '') {{ "|| '/' ||" if not loop.last }}
            {% endfor -%}
                as row_key,
            status_reason as reason,
            {{ row_as_json(source_columns(checked)) }} as raw_row
        from {{ checked }}
        where row_status = 'rejected'
    ),

{% endfor -%}
{% set promotions = ref('intake_promotions') -%}
promotions_rejected as (
    select
        'promotions' as entity,
        coalesce(product_id, '') || '/' || coalesce(location_id, '') as row_key,
        case
            when product_id is null then 'product_id is missing'
            when location_id is null then 'location_id is missing'
            else 'week_start_date is missing'
        end as reason,
        {{ row_as_json(source_columns(promotions)) }} as raw_row
    from {{ promotions }}
    where product_id is null or location_id is null or week_start_date is null
),

united as (
    {% for entity in keys -%}
        select * from {{ entity }}_rejected
        union all
    {% endfor -%}
    select * from promotions_rejected
)

select * from united
