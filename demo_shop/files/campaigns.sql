-- One row per campaign.
create or replace temp view campaigns as
select
    campaign_id,
    campaign_type,
    case when is_randomised then 'broad' else 'best customers' end as campaign_class,
    channel,
    is_randomised,
    getvariable('first_date') + start_day as starts_on,
    -- the last day on which its coupons count
    getvariable('first_date') + (end_day - 1) as ends_on
from campaign_plan
-- one that is planned for later is not in the data yet
where start_day < getvariable('days')
order by campaign_number;
