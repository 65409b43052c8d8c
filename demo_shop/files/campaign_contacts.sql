-- One row per contacted user of a campaign.
create or replace temp view campaign_contacts as
select
    campaign_id,
    user_id,
    arm,
    channel,
    'K' || lpad(cast(coupon_number + 1 as varchar), 3, '0') as offer_id,
    -- in the morning of the first day; the control group is sent nothing
    case
        when arm = 'treatment'
            then seconds_after(
                getvariable('first_instant'),
                start_day * 86400 + 25200
                + number_below(3600, uniform('sent', campaign_number, person_number))
            )
    end as sent_at
from responses
order by campaign_number, person_number;
