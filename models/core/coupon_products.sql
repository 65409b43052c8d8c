-- one row per campaign, coupon and product it covers
-- depends_on: {{ ref('data_quality') }}
select
    campaign_id,
    coupon_id,
    product_id,
    face_value,
    discount_share
from {{ ref('int_coupons_checked') }}
where row_status = 'kept'
