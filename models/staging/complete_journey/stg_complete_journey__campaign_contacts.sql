-- one row per campaign and household that received it
with

campaigns as (select * from {{ source('complete_journey', 'campaigns') }}),

renamed as (
    select
        cast(campaign_id as string) as campaign_id,
        cast(household_id as string) as user_id,
        'treatment' as arm,
        cast(null as string) as channel,
        cast(null as string) as offer_id,
        cast(null as timestamp) as sent_at,
        {{ nothing_noted() }}
    from campaigns
)

select * from renamed
