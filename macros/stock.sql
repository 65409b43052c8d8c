{# CTEs of what was on hand of each product, in all places, when the shop last counted. #}
{% macro latest_counts() -%}
    last_count as (
        select max(counted_on) as counted_on from {{ ref('stock_levels') }}
    ),

    latest_counts as (
        select
            stock_levels.product_id,
            sum(stock_levels.on_hand) as on_hand
        from {{ ref('stock_levels') }} as stock_levels
        inner join last_count on stock_levels.counted_on = last_count.counted_on
        group by stock_levels.product_id
    ),
{%- endmacro %}
