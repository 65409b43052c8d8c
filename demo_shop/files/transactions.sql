-- One row per order line. Amounts are whole cents until the end, so that each line adds
-- up exactly.
create or replace temp view transactions as
with

served as (
    select
        lines.*,
        shelf.product_id,
        shelf.price_cents,
        shelf.unit_price,
        shelf.cut_cents,
        shelf.return_chance,
        case
            when lines.is_service then 1
            when lines.fraud_number = 1
                then 3 + cast(floor(lines.quantity_draw * 4) as integer)
            else
                1
                + cast(lines.quantity_draw * shelf.single_share < 0.28 as integer)
                + cast(lines.quantity_draw * shelf.single_share < 0.10 as integer)
                + cast(lines.quantity_draw * shelf.single_share < 0.03 as integer)
                -- the mean of what stands above, grown by the price cut
                + cast(
                    shelf.pull > 0
                    and lines.one_more_draw < (1 + 0.41 / shelf.single_share) * (
                        exp(
                            (1 - getvariable('choice_share'))
                            * lines.price_sensitivity * shelf.pull
                        ) - 1
                    ) as integer
                )
        end as quantity
    from wanted_lines as lines
    inner join shelf
        on
            place_week(
                lines.wanted_number, lines.location_number, lines.week_number
            )
            = shelf.shelf_key
    where
        -- what is out is replaced, or left off; an order keeps its first line
        not shelf.is_missing
        or lines.line_number = 1
        or uniform('no substitute', lines.order_id, lines.line_number) < 0.5
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
        end as coupon_cents,
        -- some days after it arrived, if that is past
        order_status = 'completed'
        and return_draw < return_chance
        and seconds_after(changed_at, 86400 * 9) <= getvariable('end_instant')
            as is_returned
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
        when is_returned
            then seconds_after(
                changed_at,
                86400 * (2 + 7 * uniform('return day', order_id, line_number))
            )
        else changed_at
    end as updated_at
from charged;
