{# What a line is, from its product_kind, order_status, quantity and net_amount. #}
{% macro line_kind() -%}
    case
        -- whatever became of it: money held for others, or for a later sale
        when
            product_kind in (
                {% for kind in var('other_money_kinds') -%}
                    '{{ kind }}'{{ ',' if not loop.last }}
                {% endfor -%}
            )
            then 'other money'
        when order_status = 'adjusted' then 'adjustment'
        when quantity < 0 then 'return'
        -- money back without goods
        when quantity = 0 and net_amount < 0 then 'adjustment'
        else 'sale'
    end
{%- endmacro %}
