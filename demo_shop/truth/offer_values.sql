-- One row per campaign and user registered before it: what sending the offer is worth,
-- in orders, redemptions and money, before what the contact costs. Only made where
-- campaigns are planned from outside, which asks what another plan would have earned.
--
-- discount_amount  the money off of a redemption
-- swapped_margin   won, or lost, as the line that the coupon is for replaces another
create or replace table truth.offer_values as
with

sold as (
    select
        visits.class_number,
        assortment.category_number,
        cast(lines.net_amount + lines.coupon_amount as double) as paid_amount,
        case
            when lines.order_status in ('cancelled', 'returned') then 0
            else
                cast(lines.net_amount + lines.coupon_amount as double)
                - cast(lines.quantity as double) * assortment.cost_cents / 100
        end as margin
    from read_parquet(getvariable('folder') || '/transactions.parquet') as lines
    inner join visits on lines.order_id = visits.order_id
    inner join assortment on lines.product_id = assortment.product_id
    where visits.fraud_number = 0 and assortment.product_kind = 'goods'
),

category_margins as (
    select
        category_number,
        class_number,
        avg(margin) as line_margin
    from sold
    group by category_number, class_number
),

coupon_values as (
    select
        coupon_plan.coupon_number,
        sold.class_number,
        avg(case
            when coupon_plan.face_cents is not null
                then least(coupon_plan.face_cents / 100, sold.paid_amount)
            else coupon_plan.discount_share * sold.paid_amount
        end) as discount_amount,
        avg(sold.margin) as line_margin
    from coupon_plan
    inner join sold on coupon_plan.category_number = sold.category_number
    group by coupon_plan.coupon_number, sold.class_number
),

baskets as (
    select
        *,
        1 + list_sum([exp(-position / basket_scale) for position in range(1, 12)])
            as lines_per_order
    from persons
),

-- as lines are drawn: three favourites, then whatever
habits as (
    select
        baskets.person_number,
        baskets.class_number,
        baskets.lines_per_order,
        sum(category_margins.line_margin * (
            case baskets.favourite_1
                when category_margins.category_number
                    then 0.26
                else 0
            end
            + case baskets.favourite_2
                when category_margins.category_number
                    then 0.20
                else 0
            end
            + case baskets.favourite_3
                when category_margins.category_number
                    then 0.14
                else 0
            end
            + 0.40 / getvariable('category_count')
        )) as line_margin
    from baskets
    inner join category_margins
        on baskets.class_number = category_margins.class_number
    group by
        baskets.person_number, baskets.class_number, baskets.lines_per_order
),

expected as (
    select
        *,
        -- days awake of the two-state chain of no_order_probability
        daily_chance * (
            length_days * return_hazard
            + (
                cast(is_awake as integer)
                - return_hazard / (lapse_hazard + return_hazard)
            ) * (1 - pow(1 - lapse_hazard - return_hazard, length_days))
        ) / (lapse_hazard + return_hazard) as own_orders
    from offers
)

select
    expected.campaign_id,
    expected.user_id,
    expected.own_orders,
    expected.extra_chance - expected.put_off_chance * expected.own_orders
        as order_effect,
    getvariable('extra_coupon_share') * expected.extra_chance
    + expected.coupon_chance * expected.own_orders as redemption_count,
    habits.lines_per_order * habits.line_margin as order_margin,
    coupon_values.discount_amount,
    coupon_values.line_margin - habits.line_margin as swapped_margin
from expected
inner join habits on expected.person_number = habits.person_number
inner join coupon_values
    on
        expected.coupon_number = coupon_values.coupon_number
        and habits.class_number = coupon_values.class_number
order by expected.campaign_number, expected.person_number;
