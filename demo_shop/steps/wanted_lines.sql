-- One row per order line of the days from variable lines_from up to lines_until: the
-- product that it asks for, and how many. It streams, as a view: visits are spread to
-- lines and meet small tables only, so that a shop of any size fits in memory.
create or replace temp view wanted_lines as
with

lines as (
    select
        *,
        unnest(range(1, 1 + goods_lines + cast(service_number > 0 as integer)))
            as line_number
    from visits
    where
        is_order
        and day >= getvariable('lines_from')
        and day < getvariable('lines_until')
),

drawn as (
    select
        lines.*,
        lines.order_number * 16 + lines.line_number as line_key,
        coupon_plan.category_number as coupon_category,
        coupon_plan.coupon_id,
        coupon_plan.face_cents,
        coupon_plan.discount_share,
        uniform('category', line_key) as category_draw,
        uniform('product', line_key) as product_draw,
        uniform('deal or not', line_key) as deal_draw,
        uniform('deal slot', line_key) as slot_draw,
        uniform('one more', line_key) as one_more_draw,
        uniform('quantity', line_key) as quantity_draw,
        uniform('return', line_key) as return_draw,
        cast(
            86400 * (2 + 7 * uniform('return day', line_key)) as integer
        ) as return_seconds
    from lines
    -- the first line is the one the coupon is for
    left join coupon_plan
        on
            case when lines.line_number = 1 then lines.coupon_number end
            = coupon_plan.coupon_number
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
),

matched as (
    select
        reached.*,
        deals.product_number as deal_number,
        deals.cut_cents,
        deals.more_chance,
        case
            when
                reached.fraud_number != 1
                and reached.deal_draw < deals.move_chance
                then deals.product_number
            else launches.launched_number
        end as wanted_number
    from (
        select
            *,
            category_number * getvariable('products_per_category') + product_rank
                as product_number,
            number_below(getvariable('deal_slots'), slot_draw) as slot_number
        from reached
    ) as reached
    inner join deal_keys as deals
        on
            deal_key(
                reached.category_number,
                reached.location_number,
                reached.week_number,
                reached.slot_number,
                reached.class_number
            )
            = deals.deal_key
    inner join launches
        on
            reached.product_number * getvariable('weeks') + reached.week_number
            = launches.launch_key
),

described as (
    select
        matched.*,
        assortment.single_share,
        assortment.return_chance
    from matched
    inner join assortment on matched.wanted_number = assortment.product_number
),

counted as (
    select
        *,
        case
            when is_service then 1
            when fraud_number = 1
                then 3 + cast(floor(quantity_draw * 4) as integer)
            else
                1
                + cast(quantity_draw * single_share < 0.28 as integer)
                + cast(quantity_draw * single_share < 0.10 as integer)
                + cast(quantity_draw * single_share < 0.03 as integer)
                + cast(
                    coalesce(wanted_number = deal_number, false)
                    and one_more_draw < more_chance as integer
                )
        end as wanted_units,
        -- some days after it arrived, if that is past
        order_status = 'completed'
        and return_draw < return_chance
        and changed_second + return_seconds <= getvariable('end_second')
            as is_returned
    from described
)

select
    order_id,
    line_key,
    line_number,
    user_id,
    coupon_id,
    order_status,
    channel_number,
    payment_number,
    location_number,
    day,
    wanted_number,
    deal_number,
    cut_cents,
    face_cents,
    discount_share,
    return_seconds,
    wanted_units,
    ordered_second,
    is_service,
    is_returned,
    ordered_at,
    changed_at,
    -- back on the shelf on the day after it is known to come back
    case
        when is_returned then 1 + (changed_second + return_seconds) // 86400
        when order_status = 'cancelled' then 1 + shelved_second // 86400
    end as back_day,
    line_number = 1
    or uniform('no substitute', line_key) < 0.5 as takes_substitute
from counted;
