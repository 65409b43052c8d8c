-- One row per person, day and reason to come: an order, or a look at web or app that
-- came to nothing. The orders are a user's own, extra ones that a campaign's offer
-- brought, and fraud. Looks in vain come at any time, and on the days before an order
-- of the user's own. Each gets one of 16 slots of its person's day, which makes its
-- number unique.
create or replace temp table arrivals as
with

days_awake as (
    select
        person_number,
        class_number,
        order_rate,
        unnest(range(first_day, least(end_day, getvariable('days')))) as day
    from spells
),

drawn as (
    select
        *,
        uniform('visit', person_number, day) as visit_draw
    from days_awake
),

own_visits as (
    select
        drawn.person_number,
        cast(drawn.day as integer) as day,
        drawn.visit_draw
        < least(0.95, drawn.order_rate * buying_days.buying_factor) as is_order
    from drawn
    inner join buying_days
        on
            drawn.day * len(getvariable('sensitivities')) + drawn.class_number
            = buying_days.buying_day_number
    where
        -- no factor is above 5: most days end here, before the join
        drawn.visit_draw < 1.5 * 5 * drawn.order_rate
        -- one look in vain for every two orders
        and drawn.visit_draw
        < 1.5 * least(0.95, drawn.order_rate * buying_days.buying_factor)
),

-- Whoever means to order looks around in the days before. What is meant for a day past
-- the last, or past falling asleep, is known as well as any other.
meant_orders as (
    select
        person_number,
        order_rate,
        class_number,
        first_day,
        least(end_day, getvariable('days')) as until_day,
        unnest(range(
            first_day + 1,
            least(end_day, getvariable('days')) + getvariable('looking_days')
        )) as meant_day
    from spells
),

meant_draws as (
    select
        *,
        uniform('visit', person_number, meant_day) as visit_draw
    from meant_orders
),

looks_ahead as (
    select
        meant_draws.*,
        unnest(range(1, getvariable('looking_days') + 1)) as days_ahead
    from meant_draws
    inner join buying_days
        on
            meant_draws.meant_day * len(getvariable('sensitivities'))
            + meant_draws.class_number
            = buying_days.buying_day_number
    where
        meant_draws.visit_draw < 5 * meant_draws.order_rate
        and meant_draws.visit_draw
        < least(0.95, meant_draws.order_rate * buying_days.buying_factor)
),

looking_visits as (
    select
        looks_ahead.person_number,
        cast(looks_ahead.meant_day - looks_ahead.days_ahead as integer) as day,
        2 + looks_ahead.days_ahead as slot,
        false as is_order,
        null as coupon_number,
        0 as fraud_number
    from looks_ahead
    inner join persons on looks_ahead.person_number = persons.person_number
    where
        looks_ahead.meant_day - looks_ahead.days_ahead >= looks_ahead.first_day
        and looks_ahead.until_day > looks_ahead.meant_day - looks_ahead.days_ahead
        -- whose orders have these slots
        and not persons.is_fraudster
        and uniform(
            'looks ahead',
            looks_ahead.person_number,
            looks_ahead.meant_day,
            looks_ahead.days_ahead
        ) < getvariable('looking_share')
),

influenced_visits as (
    select
        own_visits.person_number,
        own_visits.day,
        0 as slot,
        own_visits.is_order,
        case
            when
                uniform('uses coupon', own_visits.person_number, own_visits.day)
                < responses.coupon_chance
                and own_visits.is_order
                then responses.coupon_number
        end as coupon_number,
        0 as fraud_number
    from own_visits
    left join responses
        on
            own_visits.person_number = responses.person_number
            and responses.arm = 'treatment'
            and own_visits.day >= responses.start_day
            and own_visits.day < responses.end_day
    where not coalesce(responses.is_put_off and own_visits.is_order, false)
),

extra_orders as (
    select
        person_number,
        extra_day as day,
        1 as slot,
        true as is_order,
        case when extra_uses_coupon then coupon_number end as coupon_number,
        0 as fraud_number
    from responses
    where buys_extra
),

-- the first user buys on the last day, so that no shop is without an order and every
-- shop ends on its last date; not where that day moves on
closing_order as (
    select
        person_number,
        getvariable('days') - 1 as day,
        2 as slot,
        true as is_order,
        null as coupon_number,
        0 as fraud_number
    from persons
    where person_number = 0 and not getvariable('has_plan')
),

-- a new account orders one dear product over and over, within two days
burst_orders as (
    select
        persons.person_number,
        persons.signup_day + bursts.burst_number // 4 as day,
        3 + bursts.burst_number as slot,
        true as is_order,
        null as coupon_number,
        1 as fraud_number
    from persons
    cross join range(8) as bursts (burst_number)
    where
        persons.is_fraudster
        and bursts.burst_number
        < 4 + number_below(5, uniform('burst', persons.person_number))
),

abusing_orders as (
    select
        responses.person_number,
        responses.start_day + 1 + abuses.abuse_number // 3 as day,
        11 + abuses.abuse_number as slot,
        true as is_order,
        responses.coupon_number,
        2 as fraud_number
    from responses
    cross join range(5) as abuses (abuse_number)
    where responses.abuses_coupon
)

select * from influenced_visits
union all
select * from looking_visits
union all
select * from extra_orders
union all
select * from closing_order
union all
select * from burst_orders
union all
select * from abusing_orders;
