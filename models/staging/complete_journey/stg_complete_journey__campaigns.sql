-- one row per campaign
with

campaign_descriptions as (
    select * from {{ source('complete_journey', 'campaign_descriptions') }}
),

renamed as (
    select
        cast(campaign_id as string) as campaign_id,
        -- every campaign of this shop hands out coupons; A, B and C are its own classes
        'coupon' as campaign_type,
        campaign_type as campaign_class,
        cast(null as string) as channel,
        -- there was no control group, so only response can be learnt, never uplift
        false as is_randomised,
        cast(start_date as date) as starts_on,
        cast(end_date as date) as ends_on,
        {{ nothing_noted() }}
    from campaign_descriptions
)

select * from renamed
