-- one row per redemption
-- depends_on: {{ ref('data_quality') }}
select
    redemption_id,
    user_id,
    coupon_id,
    campaign_id,
    cast({{ local_timestamp('redeemed_at') }} as date) as redeemed_on,
    redeemed_at
from {{ ref('int_coupon_redemptions_checked') }}
where row_status = 'kept'
