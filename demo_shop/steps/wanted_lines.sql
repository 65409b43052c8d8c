-- One row per order line: the product that it asks for. It streams, as a view: visits
-- are spread to lines and meet small tables only, so that a shop of any size fits in
-- memory.
create or replace temp view wanted_lines as
with

lines as (
    select
        *,
        unnest(range(1, 1 + goods_lines + cast(service_number > 0 as integer)))
            as line_number
    from visits
    where is_order
),

drawn as (
    select
        lines.*,
        coupon_plan.category_number as coupon_category,
        coupon_plan.coupon_id,
        coupon_plan.face_cents,
        coupon_plan.discount_share,
        getvariable('sensitivities')[1 + lines.class_number] as price_sensitivity,
        uniform('category', lines.order_id, lines.line_number) as category_draw,
        uniform('product', lines.order_id, lines.line_number) as product_draw,
        uniform('deal or not', lines.order_id, lines.line_number) as deal_draw,
        uniform('one more', lines.order_id, lines.line_number) as one_more_draw,
        uniform('quantity', lines.order_id, lines.line_number) as quantity_draw,
        uniform('return', lines.order_id, lines.line_number) as return_draw
    from lines
    -- the first line is the one the coupon is for
    left join coupon_plan
        on lines.coupon_number = coupon_plan.coupon_number and lines.line_number = 1
),

chosen as (
    select
        *,
        line_number > goods_lines as is_service,
        case
            when line_number > goods_lines then getvariable('category_count')
            when fraud_number = 1 then getvariable('burst_category')
            when coupon_category is not null then coupon_category
            -- three favourites, then whatever
            when category_draw < 0.26 then favourite_1
            when category_draw < 0.46 then favourite_2
            when category_draw < 0.60 then favourite_3
            else cast(floor(
                (category_draw - 0.60) * (getvariable('category_count') / 0.40)
            ) as integer)
        end as category_number
    from drawn
),

reached as (
    select
        *,
        case
            when is_service then service_number - 1
            when fraud_number = 1
                then number_below(
                    getvariable('products_per_category'),
                    uniform('burst product', person_number)
                )
            -- habit: the product of the category that this person always takes
            when product_draw < 0.4
                then product_rank(uniform('habit', person_number, category_number))
            else product_rank((product_draw - 0.4) / 0.6)
        end as product_rank
    from chosen
)

select
    reached.order_id,
    reached.line_number,
    reached.user_id,
    reached.coupon_id,
    reached.order_status,
    reached.fraud_number,
    reached.channel_number,
    reached.payment_number,
    reached.location_number,
    reached.week_number,
    reached.face_cents,
    reached.discount_share,
    reached.price_sensitivity,
    reached.one_more_draw,
    reached.quantity_draw,
    reached.return_draw,
    reached.is_service,
    reached.ordered_at,
    reached.changed_at,
    case
        when
            reached.fraud_number != 1
            -- the chance that a line moves to the deal
            and reached.deal_draw < (
                least(
                    0.7,
                    deals.plain_share * exp(
                        getvariable('choice_share') * reached.price_sensitivity
                        * deals.pull
                    )
                ) - deals.plain_share
            ) / (1 - deals.plain_share)
            then deals.product_number
        else
            reached.category_number * getvariable('products_per_category')
            + reached.product_rank
    end as wanted_number
from reached
left join deals
    on
        place_week(
            reached.category_number, reached.location_number, reached.week_number
        )
        = deals.deal_key;
