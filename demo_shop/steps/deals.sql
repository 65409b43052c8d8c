-- One row per deal, location and price sensitivity: the product whose price is cut, and
-- by how much. A category has at most one a week in a slot; all are planned ahead and
-- announced in promotions. A product's units, in lines and in units a line, grow by
-- (1 - depth) ^ -(elasticity x sensitivity) in all.
--
-- move_chance  of a line of the category that looks at the slot, to move to the deal
-- more_chance  of a line that asks for the product, to take one more
create or replace temp table deals as
with

slots as (
    select
        categories.category_number,
        cast(weeks.week_number as integer) as week_number,
        cast(slots.slot_number as integer) as slot_number
    from categories
    cross join range(getvariable('planned_weeks')) as weeks (week_number)
    cross join range(getvariable('deal_slots')) as slots (slot_number)
),

planned as (
    select
        *,
        -- a deal is the chain's: the same product everywhere, most stores join. Slots
        -- have ranks of their own; the popular ones, but the first
        cast(
            category_number * getvariable('products_per_category')
            + least(
                getvariable('products_per_category') - 1,
                1 + slot_number + getvariable('deal_slots') * (
                    product_rank(
                        uniform(
                            'deal product', category_number, week_number, slot_number
                        )
                    ) // getvariable('deal_slots')
                )
            ) as integer
        ) as product_number,
        one_of(
            [0.1, 0.15, 0.2, 0.25, 0.3, 0.4],
            uniform('deal depth', category_number, week_number, slot_number)
        ) as depth,
        uniform('deal', category_number, week_number, slot_number) < 0.85 as is_planned
    from slots
),

offered as (
    select
        planned.category_number,
        cast(places.location_number as integer) as location_number,
        planned.week_number,
        planned.slot_number,
        planned.product_number,
        cast(round(assortment.price_cents * planned.depth) as bigint) as cut_cents,
        assortment.elasticity,
        assortment.single_share,
        assortment.product_rank,
        assortment.price_cents
    from planned
    cross join range(len(getvariable('locations'))) as places (location_number)
    inner join assortment on planned.product_number = assortment.product_number
    where
        planned.is_planned
        and assortment.launch_day
        <= 7 * planned.week_number - getvariable('first_weekday')
        and uniform(
            'store joins',
            planned.product_number,
            planned.week_number,
            cast(places.location_number as integer)
        ) < 0.85
    -- a small category may have one product in two slots
    qualify row_number() over (
        partition by
            planned.product_number, planned.week_number, places.location_number
        order by planned.slot_number
    ) = 1
),

weighed as (
    select
        *,
        -- elasticity at the exact cut, after rounding to cents
        -ln(1 - cut_cents / price_cents) * elasticity as pull,
        pow((product_rank + 1) / getvariable('products_per_category'), 1 / 1.8)
        - pow(product_rank / getvariable('products_per_category'), 1 / 1.8)
            as plain_share
    from offered
),

classes as (
    select
        unnest(getvariable('sensitivities')) as sensitivity,
        cast(unnest(range(len(getvariable('sensitivities')))) as integer)
            as class_number
),

lifted as (
    select
        weighed.*,
        classes.class_number,
        classes.sensitivity,
        -- a deal draws at most seven lines in ten
        least(
            exp(getvariable('choice_share') * classes.sensitivity * weighed.pull),
            0.7 / weighed.plain_share
        ) - 1 as lift
    from weighed
    cross join classes
),

-- lines that move to any deal of the category, so that each sells its own lift
moved as (
    select
        *,
        sum(plain_share * lift) over same_shelf
        / (1 - sum(plain_share) over same_shelf) as moved_share
    from lifted
    window same_shelf as (
        partition by category_number, location_number, week_number, class_number
        order by slot_number
        rows between unbounded preceding and unbounded following
    )
)

select
    category_number,
    location_number,
    week_number,
    slot_number,
    class_number,
    product_number,
    cut_cents,
    getvariable('deal_slots') * plain_share * (lift + moved_share) as move_chance,
    -- the mean of a line's units, grown by the price cut
    (1 + 0.41 / single_share)
    * (exp((1 - getvariable('choice_share')) * sensitivity * pull) - 1) as more_chance
from moved;
