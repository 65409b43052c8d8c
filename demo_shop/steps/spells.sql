-- One row per person and spell awake, days [first_day, end_day). Lengths are geometric,
-- so that waking and falling asleep have no memory, and the chance to lapse can be
-- known exactly.
create or replace temp table spells as
with

-- the number of spells that fit is bounded; a person past it sleeps on
numbered as (
    select
        person_number,
        class_number,
        order_rate,
        lapse_hazard,
        return_hazard,
        entry_day,
        unnest(range(5 + getvariable('horizon_days') // 100)) as spell_number
    from persons
),

timed as (
    select
        *,
        waiting_days(lapse_hazard, uniform('awake', person_number, spell_number))
            as awake_days,
        waiting_days(return_hazard, uniform('asleep', person_number, spell_number))
            as asleep_days
    from numbered
),

laid_out as (
    select
        person_number,
        class_number,
        order_rate,
        entry_day + coalesce(
            sum(awake_days + asleep_days) over (
                partition by person_number
                order by spell_number
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as first_day,
        awake_days
    from timed
)

select
    person_number,
    class_number,
    order_rate,
    cast(greatest(0, first_day) as integer) as first_day,
    cast(
        least(getvariable('days') + 1, first_day + awake_days) as integer
    ) as end_day
from laid_out
where first_day <= getvariable('days') and first_day + awake_days > 0
order by person_number, first_day;
