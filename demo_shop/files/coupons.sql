-- One row per coupon and product.
create or replace temp view coupons as
select
    coupon_plan.coupon_id,
    assortment.product_id,
    coupon_plan.campaign_id,
    money(coupon_plan.face_cents) as face_value,
    cast(coupon_plan.discount_share as double) as discount_share
from coupon_plan
inner join assortment on coupon_plan.category_number = assortment.category_number
where coupon_plan.start_day < getvariable('days')
order by coupon_plan.coupon_number, assortment.product_number;
