-- One row per person who ever buys. The first `users` of them register; the others stay
-- guests for ever. `entry_day` is the first day a person may buy, `signup_day` when
-- they register: one in six buys as a guest before that.
create or replace temp table persons as
with

numbered as (
    select
        unnest(range(getvariable('users') + getvariable('users') // 10))
            as person_number,
        person_number < getvariable('users') as is_registered
),

entered as (
    select
        *,
        -- two fifths were there before the data begins, at its default length
        cast(floor(
            -360 + uniform('entry', person_number)
            * (getvariable('horizon_days') + 360)
        ) as integer) as entry_day,
        least(2, cast(floor(
            3 * (
                0.8 * uniform('sensitivity', person_number)
                + 0.2 * uniform('sensitivity shift', person_number)
            )
        ) as integer)) as class_number,
        number_below(getvariable('city_count'), uniform('city', person_number))
            as city_number,
        uniform('fraudster', person_number) < 0.006 and is_registered as may_cheat
    from numbered
),

settled as (
    select
        entered.*,
        case
            when uniform('guest first', entered.person_number) < 0.17
                then least(
                    getvariable('horizon_days') - 1,
                    entered.entry_day + 15
                    + number_below(60, uniform('guest days', entered.person_number))
                )
            else entered.entry_day
        end as signup_day,
        -- only new accounts cheat
        entered.may_cheat and entered.entry_day >= 0 as is_fraudster,
        cities.home_store
    from entered
    inner join cities on entered.city_number = cities.city_number
)

select
    person_number,
    -- the text is made once here, not once per line
    case
        when is_registered
            then 'U' || lpad(cast(person_number + 1 as varchar), 7, '0')
    end as user_id,
    is_registered,
    is_fraudster,
    entry_day,
    signup_day,
    class_number,
    getvariable('sensitivities')[1 + class_number] as price_sensitivity,
    city_number,
    home_store,
    -- orders on an average day while awake: 1 in 18 days for the median user
    case
        when is_fraudster then 0.01
        when not is_registered then 0.01
        else least(0.35, greatest(
            0.008, exp(ln(0.055) + 0.8 * normal('order rate', person_number))
        ))
    end as order_rate,
    -- awake for 60 days to 2 years on average, and asleep for 1 month to 2 years
    exp(-4.1 - 2.5 * uniform('lapse hazard', person_number)) as lapse_hazard,
    exp(-3.4 - 3.2 * uniform('return hazard', person_number)) as return_hazard,
    0.8 + 2.6 * uniform('basket size', person_number) as basket_scale,
    case
        when uniform('main channel', person_number) < 0.3 then 0
        when uniform('main channel', person_number) < 0.7 or home_store = 0 then 1
        else 2
    end as main_channel,
    number_below(
        getvariable('category_count'), pow(uniform('favourite 1', person_number), 1.3)
    ) as favourite_1,
    number_below(
        getvariable('category_count'), pow(uniform('favourite 2', person_number), 1.3)
    ) as favourite_2,
    number_below(
        getvariable('category_count'), pow(uniform('favourite 3', person_number), 1.3)
    ) as favourite_3,
    uniform('consent email', person_number) < 0.8 as consent_email,
    uniform('consent sms', person_number) < 0.65 as consent_sms,
    uniform('consent push', person_number) < 0.6 as consent_push,
    uniform('consent ads', person_number) < 0.7 as consent_ads
from settled
order by person_number;
