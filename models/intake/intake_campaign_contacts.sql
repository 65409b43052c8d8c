-- one row per campaign and user
with

source_rows as (
    select * from {{ source_rows('campaign_contacts') }}
),

contracted as (
    select
        campaign_id,
        user_id,
        arm,
        channel,
        offer_id,
        sent_at
    from source_rows
)

select * from contracted
