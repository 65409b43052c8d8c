-- One row per user: the attributes behind their behaviour, and their state at the end.
create or replace table truth.users as
with

lapses as (
    select
        person_number,
        max(end_day) as last_awake_day
    from spells
    group by person_number
)

select
    persons.user_id,
    persons.order_rate,
    persons.price_sensitivity,
    persons.lapse_hazard,
    persons.return_hazard,
    at_the_end.lapse_probability,
    at_the_end.is_awake,
    -- the day they fell asleep and have not woken since; null while awake
    case
        when not at_the_end.is_awake
            then
                getvariable('first_date')
                + coalesce(lapses.last_awake_day, persons.entry_day)
    end as lapse_date
from persons
inner join truth.lapse_probabilities as at_the_end
    on
        persons.user_id = at_the_end.user_id
        and at_the_end.as_of_date = getvariable('first_date') + getvariable('days')
left join lapses on persons.person_number = lapses.person_number
order by persons.person_number;
