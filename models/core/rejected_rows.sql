-- one row per source row that was rejected
{% set keys = {
    'users': ['user_id'],
    'products': ['product_id'],
    'transactions': ['transaction_id'],
    'events': ['event_id'],
    'contact_events': ['event_id'],
    'point_movements': ['movement_id'],
    'order_tokens': ['order_id', 'token_kind'],
    'order_disputes': ['order_id', 'dispute_kind'],
    'stock_levels': ['product_id', 'location_id', 'counted_at'],
    'reviews': ['review_id'],
    'campaigns': ['campaign_id'],
    'campaign_contacts': ['campaign_id', 'user_id'],
    'coupons': ['campaign_id', 'coupon_id', 'product_id'],
    'coupon_redemptions': ['redemption_id'],
    'currency_rates': ['rate_date', 'currency', 'into_currency'],
    'promotions': ['product_id', 'location_id', 'week_start_date'],
} -%}
with

united as (
    {% for entity, key in keys.items() -%}
        {% set checked = ref('int_' ~ entity ~ '_checked') -%}
        select
            '{{ entity }}' as entity,
            {% for column in key -%}
                coalesce(cast({{ column }} as string), '')
                {{- " || '/' || " if not loop.last }}
            {% endfor -%}
                as row_key,
            status_reason as reason,
            source_file,
            {% set days = var('retention_days').get(entity) -%}
            {% if days is integer -%}
                case
                    when {{ instant_of()[entity] }} is null then '{}'
                    else {{ row_as_json(source_columns(checked)) }}
                end
            {%- else -%}
                {{ row_as_json(source_columns(checked)) }}
            {%- endif %} as raw_row,
            source_row
        from {{ checked }}
        where row_status = 'rejected'
        {{ 'union all' if not loop.last }}
    {% endfor -%}
)

select * from united
