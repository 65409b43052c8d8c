-- one row per redemption row of the source, with its status
{% set columns = [
    'redemption_id', 'user_id', 'coupon_id', 'campaign_id', 'redeemed_at',
    'updated_at',
] -%}
{% set key = ['redemption_id'] -%}
with

source_rows as (select * from {{ ref('intake_coupon_redemptions') }}),

known_campaigns as (
    select campaign_id from {{ ref('int_campaigns_checked') }}
    where row_status = 'kept'
),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(
                ['user_id', 'coupon_id', 'campaign_id', 'redeemed_at', 'redemption_id'],
                'source_rows'
            ) }}
            when known_campaigns.campaign_id is null then 'campaign_id is unknown'
            {{ clock_fault('redeemed_at', 'source_rows') }}
        end as fault
    from source_rows
    left join known_campaigns on source_rows.campaign_id = known_campaigns.campaign_id
),

{{ checked_rows(key, columns) }}
