-- One row per user and as-of date after they registered: the chance that they place no
-- own order in the lapse window, given all that the generator knows, that is whether
-- they are awake at the date. Orders that a campaign brings or holds back, and fraud,
-- are left out. The dates are those that the project learns on, and the end of the
-- data.
create or replace table truth.lapse_probabilities as
with

as_of_days as (
    select
        getvariable('days')
        - getvariable('as_of_step_days') * steps.step as as_of_day
    from range(getvariable('as_of_count') + 1) as steps (step)
    where as_of_day > 0
),

factors as (
    select
        as_of_days.as_of_day,
        buying_days.class_number,
        avg(buying_days.buying_factor) as mean_factor
    from as_of_days
    inner join buying_days
        on
            as_of_days.as_of_day <= buying_days.day
            and as_of_days.as_of_day + getvariable('lapse_horizon_days')
            > buying_days.day
    group by as_of_days.as_of_day, buying_days.class_number
),

states as (
    select
        persons.user_id,
        persons.lapse_hazard,
        persons.return_hazard,
        least(0.95, persons.order_rate * factors.mean_factor) as daily_chance,
        spells.person_number is not null as is_awake,
        factors.as_of_day
    from persons
    inner join factors
        on
            persons.class_number = factors.class_number
            and persons.signup_day < factors.as_of_day
    left join spells
        on
            persons.person_number = spells.person_number
            and factors.as_of_day >= spells.first_day
            and factors.as_of_day < spells.end_day
    where persons.is_registered
)

select
    user_id,
    no_order_probability(
        is_awake,
        daily_chance,
        lapse_hazard,
        return_hazard,
        getvariable('lapse_horizon_days')
    ) as lapse_probability,
    is_awake,
    getvariable('first_date') + cast(as_of_day as integer) as as_of_date
from states
order by as_of_date, user_id;
