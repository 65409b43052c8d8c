-- one row per order line that passed the checks, in local time and flagged
{{ config(materialized="view") }}
with

checked_transactions as (
    select * from {{ ref('int_transactions_checked') }}
    where row_status = 'kept'
),

products as (select * from {{ ref('int_products_completed') }}),

localised as (
    select
        checked_transactions.*,
        products.product_kind,
        products.is_in_catalogue,
        {{ local_timestamp('checked_transactions.ordered_at') }} as ordered_at_local
    from checked_transactions
    inner join products on checked_transactions.product_id = products.product_id
),

flagged as (
    select
        *,
        cast(ordered_at_local as date) as order_date,
        product_kind = 'fuel' as is_fuel,
        coalesce(quantity > 0 and quantity <= {{ var('max_line_quantity') }}, false)
            as is_quantity_plausible,
        net_amount = 0 as is_free,
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
        end as line_kind
    from localised
),

cleaned as (
    select
        flagged.transaction_id,
        flagged.order_id,
        flagged.user_id,
        flagged.product_id,
        flagged.location_id,
        flagged.coupon_id,
        flagged.currency,
        flagged.sales_channel,
        flagged.order_status,
        flagged.payment_method,
        flagged.line_kind,
        flagged.quantity,
        flagged.unit_price,
        -- an unknown discount counts as none
        coalesce(flagged.discount_amount, 0) as discount_amount,
        coalesce(flagged.coupon_amount, 0) as coupon_amount,
        flagged.net_amount,
        flagged.is_in_catalogue as is_product_known,
        flagged.is_fuel,
        flagged.is_quantity_plausible,
        flagged.is_free,
        -- the lines that basket-size features count
        flagged.is_quantity_plausible
        and flagged.product_kind = 'goods'
        and flagged.line_kind = 'sale' as is_basket_line,
        flagged.order_date,
        flagged.ordered_at,
        flagged.updated_at,
        flagged.ordered_at_local
    from flagged
)

select * from cleaned
