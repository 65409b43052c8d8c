{#
    Margin in money received: less what the goods cost where that is known; of the rest,
    `uncosted_amount`, the share that the shop assumes.
#}
{% macro margin_amount(net_amount, uncosted_amount, cost_amount) -%}
    cast(
        {{ net_amount }}
        - {{ uncosted_amount }} * (1 - {{ shop('margin_share') }})
        - coalesce({{ cost_amount }}, 0)
        as decimal(18, 4)
    )
{%- endmacro %}
