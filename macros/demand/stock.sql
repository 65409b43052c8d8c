{#
    CTEs of what was on hand of each product, in all places: the last count of each
    place, as shops count a part of their shelves a day.
#}
{% macro latest_counts() -%}
    last_counts as (
        select *
        from {{ ref('stock_levels') }}
        qualify row_number() over (
            partition by product_id, location_id
            order by counted_at desc
        ) = 1
    ),

    latest_counts as (
        select
            product_id,
            -- what one place owes is not taken from another's shelf
            sum(greatest(on_hand, 0)) as on_hand
        from last_counts
        group by product_id
    ),
{%- endmacro %}
