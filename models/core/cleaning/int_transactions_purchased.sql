-- one row per order line of the source, with who bought where its order id is in doubt
{% set columns = [
    'transaction_id', 'order_id', 'user_id', 'location_id', 'coupon_id',
    'sales_channel', 'order_status', 'payment_method', 'quantity', 'unit_price',
    'discount_amount', 'coupon_amount', 'net_amount', 'ordered_at', 'updated_at',
    'currency', 'product_id', 'source_file', 'source_row', 'shop_currency',
    'exchange_rate', 'read_fault', 'repairs_made',
] -%}
{% set around %}
    interval {{ var('order_gap').minutes }} minute
{%- endset -%}
{{ config(materialized="view") }}
with

told as (select * from {{ ref('int_transactions_told') }}),

compared as (
    select
        *,
        min(told_user_id) over receipt as first_of_receipt,
        max(told_user_id) over receipt as last_of_receipt,
        -- two lines that differ by place are not one told anew
        min(place) over same_line <> max(place) over same_line as is_line_elsewhere,
        -- the same line, told anew
        first_value(user_id) over versions as last_user_id,
        first_value(sold_at) over versions as last_sold_at,
        first_value(place) over versions as last_place
    from told
    where is_in_doubt
    window
        receipt as (
            partition by order_id, place
            order by sold_at asc
            range between {{ around }} preceding and {{ around }} following
        ),
        same_line as (partition by order_id, transaction_id, quantity < 0, user_id),
        versions as (
            partition by order_id, transaction_id, quantity < 0
            order by
                updated_at desc nulls last,
                source_file desc nulls last,
                user_id asc nulls last,
                ordered_at asc nulls last
        )
),

-- who bought, if a line does not say: the one user of its place and minute
named as (
    select
        *,
        case
            when told_user_id is not null then told_user_id
            when first_of_receipt = last_of_receipt then first_of_receipt
        end as named_id,
        coalesce(
            sold_at = last_sold_at and place = last_place and user_id <> last_user_id,
            false
        ) as is_of_another_user
    from compared
),

buying as (
    select
        *,
        min(case when is_sale then coalesce(named_id, '') end) over whole_id
            as first_of_sales,
        max(case when is_sale then coalesce(named_id, '') end) over whole_id
            as last_of_sales
    from named
    window whole_id as (partition by order_id)
),

-- what is sent back, late or elsewhere, is of the user who alone bought under its id
filled as (
    select
        *,
        case
            when named_id is not null or is_sale then named_id
            when first_of_sales = last_of_sales then nullif(first_of_sales, '')
        end as purchaser_id
    from buying
),

sold as (
    select
        *,
        min(case when is_sale then place end) over party as first_sale_place,
        max(case when is_sale then place end) over party as last_sale_place,
        coalesce(bool_or(is_line_elsewhere) over party, false) as is_place_apart
    from filled
    window party as (partition by order_id, purchaser_id)
),

united as (
    select
        {% for column in columns -%}
            {{ column }},
        {% endfor -%}
        false as is_in_doubt,
        false as is_numbered,
        false as is_of_another_user,
        true as is_sale,
        user_id as purchaser_id,
        sold_at,
        '' as place,
        '' as guest_place
    from told
    where not is_in_doubt
    union all
    select
        {% for column in columns -%}
            {{ column }},
        {% endfor -%}
        true as is_in_doubt,
        is_numbered,
        is_of_another_user,
        is_sale,
        purchaser_id,
        sold_at,
        place,
        -- where guests bought tells them apart, and users of equal lines elsewhere
        case
            when purchaser_id is not null and not is_place_apart then ''
            when not is_sale and first_sale_place = last_sale_place
                then first_sale_place
            else place
        end as guest_place
    from sold
)

select * from united
