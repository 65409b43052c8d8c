-- One row per coupon used, read back from the lines.
create or replace temp view coupon_redemptions as
select
    'R' || substr(lines.transaction_id, 2) as redemption_id,
    lines.user_id,
    lines.coupon_id,
    coupon_plan.campaign_id,
    lines.ordered_at as redeemed_at
from read_parquet(getvariable('folder') || '/transactions.parquet') as lines
inner join coupon_plan on lines.coupon_id = coupon_plan.coupon_id
order by lines.transaction_id;
