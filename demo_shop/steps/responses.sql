-- One row per contacted user of a campaign, and what came of it.
create or replace temp table responses as
select
    campaign_number,
    campaign_id,
    person_number,
    user_id,
    arm,
    channel,
    start_day,
    end_day,
    coupon_number,
    coupon_chance,
    arm = 'treatment'
    and uniform('buys extra', campaign_number, person_number) < extra_chance
        as buys_extra,
    arm = 'treatment'
    and uniform('put off', campaign_number, person_number) < put_off_chance
        as is_put_off,
    -- for the rest, the message alone was reminder enough
    uniform('extra with coupon', campaign_number, person_number)
    < getvariable('extra_coupon_share') as extra_uses_coupon,
    -- most act early
    start_day + number_below(
        length_days, pow(uniform('extra day', campaign_number, person_number), 1.6)
    ) as extra_day,
    -- a few use a coupon again and again within two days
    arm = 'treatment'
    and uniform('abuses coupon', campaign_number, person_number) < 0.003
        as abuses_coupon
from offers
where arm is not null and start_day < getvariable('days')
order by campaign_number, person_number;
