-- One row per order line that got something. Amounts are whole cents until the end, so
-- that each line adds up exactly.
create or replace temp view transactions as
with

served as (
    select
        lines.* exclude (cut_cents),
        assortment.product_id,
        cast(assortment.price_cents as integer) as price_cents,
        cast(money(assortment.price_cents) as decimal(18, 4)) as unit_price,
        case
            when assortment.product_number = lines.deal_number
                then cast(lines.cut_cents as integer)
            else 0
        end as cut_cents,
        coalesce(short_lines.sold_units, lines.wanted_units) as quantity
    from wanted_lines as lines
    left join short_lines on lines.line_key = short_lines.line_key
    inner join assortment
        on
            coalesce(short_lines.sold_number, lines.wanted_number)
            = assortment.product_number
    where short_lines.sold_units is distinct from 0
),

charged as (
    select
        *,
        quantity * cut_cents as discount_cents,
        case
            when face_cents is not null
                then least(face_cents, quantity * (price_cents - cut_cents))
            when discount_share is not null
                then cast(floor(
                    discount_share * quantity * (price_cents - cut_cents)
                ) as integer)
            else 0
        end as coupon_cents
    from served
)

select
    order_id || '-' || cast(line_number as varchar) as transaction_id,
    order_id,
    user_id,
    product_id,
    getvariable('locations')[1 + location_number] as location_id,
    coupon_id,
    getvariable('currency') as currency,
    ['web', 'app', 'store'][1 + channel_number] as sales_channel,
    case when is_returned then 'returned' else order_status end as order_status,
    ['alipay', 'wechat_pay', 'card', 'cash_on_delivery', 'cash'][
        1 + payment_number
    ] as payment_method,
    cast(quantity as decimal(18, 3)) as quantity,
    unit_price,
    money(discount_cents) as discount_amount,
    money(coupon_cents) as coupon_amount,
    money(quantity * price_cents - discount_cents - coupon_cents) as net_amount,
    ordered_at,
    case
        when is_returned then seconds_after(changed_at, return_seconds)
        else changed_at
    end as updated_at
from charged;
