-- one row per rule, here one: coupons redeemed outside their campaign
with

redemptions as (
    select * from {{ ref('int_coupon_redemptions_checked') }}
    where row_status = 'kept'
),

campaigns as (
    select * from {{ ref('int_campaigns_checked') }}
    where row_status = 'kept'
),

judged as (
    select
        redemptions.redemption_id,
        redemptions.source_file,
        redemptions.source_row,
        campaigns.starts_on,
        campaigns.ends_on,
        cast({{ local_timestamp('redemptions.redeemed_at') }} as date) as redeemed_on
    from redemptions
    inner join campaigns on redemptions.campaign_id = campaigns.campaign_id
),

compared as (
    select
        *,
        redeemed_on < starts_on
        or redeemed_on
        > {{ days_after('ends_on', var('redemption_grace_days')) }} as is_outside
    from judged
),

counted as (
    select
        'coupon_redemptions' as entity,
        'redeemed_at is outside the campaign' as rule,
        count(*) as rows_judged,
        count_if(is_outside) as rows_met,
        {{ var('doubt_thresholds').redemptions }} as threshold,
        min_by(
            {{ place_of_row() }} || redeemed_on || ', campaign from ' || starts_on
            || ' to ' || ends_on,
            {{ order_in_files('redemption_id') }}
        ) filter (where is_outside) as example
    from compared
)

select * from counted
