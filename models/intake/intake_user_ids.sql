-- one row per user id that any table of the source names, in the vault
{{ config(materialized="view", database="vault", schema="main") }}
{% set entities = [
    'users', 'transactions', 'events', 'reviews', 'campaign_contacts',
    'contact_events', 'coupon_redemptions', 'point_movements',
    'order_tokens', 'order_disputes',
] -%}
with

united as (
    {% for entity in entities -%}
        select user_id from {{ source_rows(entity) }} as {{ entity }}_rows
        where user_id is not null
        {{ 'union' if not loop.last }}
    {% endfor -%}
)

select * from united
