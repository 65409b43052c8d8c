-- One row per campaign and user registered before it: what decides how the user takes
-- its offer.
create or replace temp view audience as
with

mean_factors as (
    select
        campaign_plan.campaign_number,
        buying_days.class_number,
        avg(buying_days.buying_factor) as mean_factor
    from campaign_plan
    inner join buying_days
        on
            campaign_plan.start_day <= buying_days.day
            and campaign_plan.end_day > buying_days.day
    group by campaign_plan.campaign_number, buying_days.class_number
),

reached as (
    select
        campaign_plan.campaign_number,
        campaign_plan.campaign_id,
        campaign_plan.channel,
        campaign_plan.start_day,
        campaign_plan.end_day,
        campaign_plan.length_days,
        campaign_plan.strength,
        campaign_plan.is_open,
        campaign_plan.is_randomised,
        campaign_plan.is_planned,
        campaign_plan.first_category,
        campaign_plan.second_category,
        persons.person_number,
        persons.user_id,
        persons.class_number,
        persons.price_sensitivity,
        persons.order_rate,
        persons.lapse_hazard,
        persons.return_hazard,
        persons.is_fraudster,
        [persons.favourite_1, persons.favourite_2, persons.favourite_3] as favourites,
        case campaign_plan.channel
            when 'email' then persons.consent_email
            when 'sms' then persons.consent_sms
            when 'push' then persons.consent_push
            when 'ads' then persons.consent_ads
        end as has_consent
    from persons
    cross join campaign_plan
    where persons.is_registered and persons.signup_day < campaign_plan.start_day
)

select
    reached.*,
    spells.person_number is not null as is_awake,
    reached.first_category in reached.favourites
    or reached.second_category in reached.favourites as is_to_taste,
    least(0.95, reached.order_rate * mean_factors.mean_factor) as daily_chance,
    reached.class_number = 0
    and uniform('dislikes ads', reached.person_number) < 0.35 as is_sleeping_dog,
    uniform('ignores ads', reached.person_number) < 0.15 as is_immune
from reached
inner join mean_factors
    on
        reached.campaign_number = mean_factors.campaign_number
        and reached.class_number = mean_factors.class_number
left join spells
    on
        reached.person_number = spells.person_number
        and reached.start_day >= spells.first_day
        and reached.start_day < spells.end_day;
