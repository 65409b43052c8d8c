-- one row per entity: what came in, and what became of it
{% set marts = {
    'users': 'users',
    'products': 'products',
    'transactions': 'transactions',
    'campaigns': 'campaign_calendar',
    'campaign_contacts': 'campaign_contacts',
    'coupons': 'coupon_products',
    'coupon_redemptions': 'coupon_redemptions',
} %}
{% set inferred = {'users': 'not has_profile', 'products': 'not is_in_catalogue'} %}
with

{% for entity, mart in marts.items() -%}
    {% set amount = 'net_amount' if entity == 'transactions' else '0' -%}
    {{ entity }}_in as (
        select
            count(*) as rows_in,
            sum({{ amount }}) as amount_in
        from {{ ref('intake_' ~ entity) }}
    ),

    {{ entity }}_judged as (
        select
            count(case when row_status = 'kept' then 1 end) as rows_kept,
            count(case when row_status = 'folded' then 1 end) as rows_folded,
            count(case when row_status = 'rejected' then 1 end) as rows_rejected,
            sum(case when row_status = 'folded' then {{ amount }} end) as amount_folded,
            sum(case when row_status = 'rejected' then {{ amount }} end)
                as amount_rejected
        from {{ ref('int_' ~ entity ~ '_checked') }}
    ),

    {{ entity }}_out as (
        select
            count(*) as rows_out,
            -- members that only other tables name
            count(case when {{ inferred.get(entity, '1 = 0') }} then 1 end)
                as rows_inferred,
            sum({{ amount }}) as amount_out
        from {{ ref(mart) }}
    ),

{% endfor -%}
-- promotions have no mart yet: rows that name product, place and week are kept
promotions_judged as (
    select
        count(*) as rows_in,
        count(
            case
                when
                    product_id is null
                    or location_id is null
                    or week_start_date is null
                    then 1
            end
        ) as rows_rejected
    from {{ ref('intake_promotions') }}
),

{% set entities = marts.keys() | list -%}
united as (
    {% for entity in entities -%}
        select
            '{{ entity }}' as entity,
            '{{ marts[entity] }}' as mart,
            {{ entity }}_in.*,
            {{ entity }}_judged.*,
            {{ entity }}_out.*
        from {{ entity }}_in
        cross join {{ entity }}_judged
        cross join {{ entity }}_out
        union all
    {% endfor -%}
    select
        'promotions' as entity,
        'int_promotions_merged' as mart,
        rows_in,
        0 as amount_in,
        rows_in - rows_rejected as rows_kept,
        0 as rows_folded,
        rows_rejected,
        0 as amount_folded,
        0 as amount_rejected,
        rows_in - rows_rejected as rows_out,
        0 as rows_inferred,
        0 as amount_out
    from promotions_judged
),

reconciled as (
    select
        entity,
        mart,
        cast(rows_in as bigint) as rows_in,
        cast(rows_kept as bigint) as rows_kept,
        cast(rows_folded as bigint) as rows_folded,
        cast(rows_rejected as bigint) as rows_rejected,
        cast(rows_inferred as bigint) as rows_inferred,
        cast(rows_out as bigint) as rows_out,
        cast(coalesce(amount_in, 0) as decimal(18, 2)) as amount_in,
        cast(coalesce(amount_folded, 0) as decimal(18, 2)) as amount_folded,
        cast(coalesce(amount_rejected, 0) as decimal(18, 2)) as amount_rejected,
        cast(coalesce(amount_out, 0) as decimal(18, 2)) as amount_out
    from united
)

select * from reconciled
