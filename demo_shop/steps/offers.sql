-- One row per campaign and user registered before it: what its offer would do to the
-- user, contacted or not, and whether they are contacted.
--
-- extra_chance    of one order more than they would have placed, half the time with the
--                 coupon
-- coupon_chance   of using the coupon in an order they would have placed anyway
-- put_off_chance  of placing none of their own orders while it lasts
create or replace temp table offers as
with

persuaded as (
    select
        *,
        case
            when is_sleeping_dog or is_immune then 0
            else least(
                0.7,
                strength
                * case when is_awake then 1 else 0.5 end
                * (
                    0.01
                    + 0.13 * price_sensitivity
                    + case when is_to_taste then 0.22 else 0 end
                )
                -- what nobody sees
                * (0.4 + 1.2 * uniform('mood', campaign_number, person_number))
            )
        end as extra_chance,
        case
            when is_sleeping_dog then 0
            when is_immune then 0.005
            else least(0.6, strength * (
                0.02 * price_sensitivity + case when is_to_taste then 0.07 else 0 end
            ))
        end as coupon_chance,
        case when is_sleeping_dog then 0.25 else 0 end as put_off_chance
    from audience
),

invited as (
    select
        *,
        not is_planned
        and has_consent
        and not is_fraudster
        -- the two open campaigns share no user
        and (not is_open or person_number % 2 = campaign_number % 2)
        and case
            when is_randomised
                then
                    uniform('invited', campaign_number, person_number)
                    < case when is_open then 0.8 else 0.45 end
            -- the best customers, which is why these arms cannot be compared
            else is_awake and order_rate > 0.05
        end as is_contacted
    from persuaded
)

select
    invited.campaign_number,
    invited.campaign_id,
    invited.channel,
    invited.start_day,
    invited.end_day,
    invited.length_days,
    invited.person_number,
    invited.user_id,
    case
        when invited.is_planned then planned_contacts.arm
        when not invited.is_contacted then null
        when
            invited.is_randomised
            and uniform('arm', invited.campaign_number, invited.person_number) < 0.3
            then 'control'
        else 'treatment'
    end as arm,
    invited.extra_chance,
    invited.coupon_chance,
    invited.put_off_chance,
    invited.is_awake,
    invited.daily_chance,
    invited.lapse_hazard,
    invited.return_hazard,
    -- the coupon for what they like
    2 * invited.campaign_number + case
        when invited.first_category in invited.favourites then 0
        when invited.second_category in invited.favourites then 1
        when invited.is_planned then 0
        else number_below(
            2, uniform('which coupon', invited.campaign_number, invited.person_number)
        )
    end as coupon_number
from invited
left join planned_contacts
    on
        invited.campaign_id = planned_contacts.campaign_id
        and invited.user_id = planned_contacts.user_id;
