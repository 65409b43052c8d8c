-- one row per entity: what came in, and what became of it
{% set marts = {
    'users': 'users',
    'products': 'products',
    'transactions': 'transactions',
    'events': 'events',
    'stock_levels': 'stock_levels',
    'reviews': 'reviews',
    'campaigns': 'campaign_calendar',
    'campaign_contacts': 'campaign_contacts',
    'contact_events': 'contact_events',
    'coupons': 'coupon_products',
    'coupon_redemptions': 'coupon_redemptions',
    'point_movements': 'point_movements',
    'order_tokens': 'order_tokens',
    'order_disputes': 'order_disputes',
} %}
{% set steps = {
    'currency_rates': 'int_currency_rates_checked',
    'promotions': 'int_promotions_merged',
} %}
{% set inferred = {'users': 'not has_profile', 'products': 'not is_in_catalogue'} %}
with

rows_counted as (select * from {{ ref('int_rows_counted') }}),

rows_judged as (
    select
        entity,
        sum(case when row_status = 'kept' then row_count else 0 end) as rows_kept,
        sum(case when repairs is not null then row_count else 0 end) as rows_repaired,
        sum(case when row_status = 'deduplicated' then row_count else 0 end)
            as rows_deduplicated,
        sum(case when row_status = 'rejected' then row_count else 0 end)
            as rows_rejected,
        sum(case when row_status = 'deduplicated' then net_amount else 0 end)
            as amount_deduplicated,
        sum(case when row_status = 'rejected' then net_amount else 0 end)
            as amount_rejected
    from rows_counted
    group by entity
),

rows_in as (
    {% for entity in marts -%}
        select
            '{{ entity }}' as entity,
            '{{ marts[entity] }}' as mart,
            count(*) as rows_in,
            coalesce(sum({{ 'net_amount' if entity == 'transactions' else '0' }}), 0)
                as amount_in
        from {{ ref('intake_' ~ entity) }}
        union all
    {% endfor -%}
    {% for entity, table in steps.items() -%}
        select
            '{{ entity }}' as entity,
            '{{ table }}' as mart,
            count(*) as rows_in,
            0 as amount_in
        from {{ ref('intake_' ~ entity) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

rows_out as (
    {% for entity, mart in marts.items() -%}
        select
            '{{ entity }}' as entity,
            count(*) as rows_out,
            -- members that only other tables name
            count(case when {{ inferred.get(entity, '1 = 0') }} then 1 end)
                as rows_inferred,
            coalesce(
                sum({{ 'original_net_amount' if entity == 'transactions' else '0' }}),
                0
            ) as amount_out
        from {{ ref(mart) }}
        union all
    {% endfor -%}
    -- without a mart of their own
    select
        entity,
        rows_kept as rows_out,
        0 as rows_inferred,
        0 as amount_out
    from rows_judged
    where entity in ('currency_rates', 'promotions')
),

reconciled as (
    select
        rows_in.entity,
        rows_in.mart,
        cast(rows_in.rows_in as bigint) as rows_in,
        {% for column in [
            'rows_kept', 'rows_repaired', 'rows_deduplicated', 'rows_rejected'
        ] -%}
            cast(coalesce(rows_judged.{{ column }}, 0) as bigint) as {{ column }},
        {% endfor -%}
        cast(coalesce(rows_out.rows_inferred, 0) as bigint) as rows_inferred,
        cast(coalesce(rows_out.rows_out, 0) as bigint) as rows_out,
        cast(rows_in.amount_in as decimal(18, 2)) as amount_in,
        cast(coalesce(rows_judged.amount_deduplicated, 0) as decimal(18, 2))
            as amount_deduplicated,
        cast(coalesce(rows_judged.amount_rejected, 0) as decimal(18, 2))
            as amount_rejected,
        cast(coalesce(rows_out.amount_out, 0) as decimal(18, 2)) as amount_out
    from rows_in
    left join rows_judged on rows_in.entity = rows_judged.entity
    left join rows_out on rows_in.entity = rows_out.entity
)

select * from reconciled
