-- One row per arrival: where, when and how it went, and what its order is made of.
create or replace temp table visits as
with

described as (
    select
        arrivals.*,
        persons.user_id,
        persons.class_number,
        persons.favourite_1,
        persons.favourite_2,
        persons.favourite_3,
        persons.home_store,
        persons.signup_day,
        persons.basket_scale,
        uniform('channel', arrivals.person_number, arrivals.day, arrivals.slot)
            as channel_draw,
        persons.main_channel
    from arrivals
    inner join persons on arrivals.person_number = persons.person_number
    where arrivals.day >= 0 and arrivals.day < getvariable('days')
),

routed as (
    select
        *,
        case
            when fraud_number > 0 or not is_order then least(main_channel, 1)
            when channel_draw < 0.8 then main_channel
            when channel_draw < 0.9 then 0
            when home_store = 0 then 1
            else 2
        end as channel_number,
        uniform('hour', person_number, day, slot) as hour_draw,
        uniform('payment', person_number, day, slot) as pay_draw,
        uniform('status', person_number, day, slot) as status_draw
    from described
),

timed as (
    select
        *,
        seconds_after(
            getvariable('first_instant'),
            day * 86400 + cast(floor(case
                when channel_number = 2 then 32400 + 43200 * hour_draw
                else 25200 + 61000 * pow(hour_draw, 0.7)
            end) as bigint)
        ) as ordered_at
    from routed
),

paid_for as (
    select
        *,
        -- hours that paying and packing took
        uniform('pay hours', person_number, day, slot) * 4 as pay_hours,
        6 + uniform('ship hours', person_number, day, slot) * 60 as ship_hours,
        90 + uniform('arrive hours', person_number, day, slot) * 120 as arrive_hours,
        date_diff('second', ordered_at, getvariable('end_instant')) / 3600.0
            as known_hours
    from timed
),

staged as (
    select
        *,
        case
            when channel_number = 2 then 'completed'
            when status_draw < 0.035 and known_hours > ship_hours then 'cancelled'
            when known_hours > arrive_hours then 'completed'
            when known_hours > ship_hours then 'shipped'
            when known_hours > pay_hours then 'paid'
            else 'placed'
        end as order_status
    from paid_for
)

select
    -- without order or owner: multiplying by an odd number modulo a power of two moves
    -- every key to a place of its own
    cast(
        ((person_number * getvariable('horizon_days') + day) * 16 + slot)
        * 82952237 % getvariable('order_numbers') as bigint
    ) as order_number,
    'O' || cast(order_number as varchar) as order_id,
    person_number,
    -- before signing up, or for ever: a guest
    case when day >= signup_day then user_id end as user_id,
    cast(fraud_number as tinyint) as fraud_number,
    cast(channel_number as tinyint) as channel_number,
    cast(
        case when channel_number = 2 then home_store else 0 end as tinyint
    ) as location_number,
    cast((day + getvariable('first_weekday')) // 7 as smallint) as week_number,
    cast(day as smallint) as day,
    cast(class_number as tinyint) as class_number,
    cast(favourite_1 as tinyint) as favourite_1,
    cast(favourite_2 as tinyint) as favourite_2,
    cast(favourite_3 as tinyint) as favourite_3,
    cast(coupon_number as smallint) as coupon_number,
    cast(case
        when fraud_number > 0 then 1
        else least(12, 1 + floor(
            -ln(1 - uniform('lines', person_number, day, slot)) * basket_scale
        ))
    end as tinyint) as goods_lines,
    -- most orders on line reach the sum that is delivered for free
    cast(case
        when channel_number = 2 then 0
        when uniform('service', person_number, day, slot) < 0.2 then 1
        when uniform('service', person_number, day, slot) < 0.23 then 2
        else 0
    end as tinyint) as service_number,
    cast(case
        when fraud_number = 1 then 2
        when channel_number = 2
            then case
                when pay_draw < 0.3 then 1
                when pay_draw < 0.6 then 0
                when pay_draw < 0.75 then 2
                else 4
            end
        when pay_draw < 0.42 then 0
        when pay_draw < 0.8 then 1
        when pay_draw < 0.95 then 2
        else 3
    end as tinyint) as payment_number,
    is_order,
    order_status,
    ordered_at,
    seconds_after(ordered_at, changed_after) as changed_at,
    -- seconds since the first instant: arithmetic of whole numbers is fast
    cast(ordered_second as integer) as ordered_second,
    cast(ordered_second + changed_after as integer) as changed_second,
    -- when what is cancelled counts as never sent
    cast(ordered_second + ship_hours * 3600 as integer) as shelved_second
from (
    select
        *,
        date_diff('second', getvariable('first_instant'), ordered_at) as ordered_second,
        cast(case
            when channel_number = 2 then 0
            when order_status = 'completed' then arrive_hours * 3600
            when order_status = 'shipped' then ship_hours * 3600
            when order_status = 'paid' then pay_hours * 3600
            -- before it is packed
            when order_status = 'cancelled' then ship_hours * 2700
            else 0
        end as bigint) as changed_after
    from staged
) as changed;
