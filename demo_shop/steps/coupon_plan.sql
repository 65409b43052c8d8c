-- One row per coupon; two a campaign, for a category each.
create or replace temp table coupon_plan as
select
    2 * campaign_plan.campaign_number + positions.position as coupon_number,
    'K' || lpad(cast(coupon_number + 1 as varchar), 3, '0') as coupon_id,
    campaign_plan.campaign_id,
    case positions.position
        when 0 then campaign_plan.first_category
        else campaign_plan.second_category
    end as category_number,
    campaign_plan.start_day,
    campaign_plan.face_cents,
    campaign_plan.discount_share
from campaign_plan
cross join range(2) as positions (position)
where positions.position = 0 or not campaign_plan.is_planned
order by coupon_number;
