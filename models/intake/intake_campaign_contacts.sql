-- one row per campaign and user
with

source_rows as (select * from {{ source_rows('campaign_contacts') }}),

contracted as (
    select
        campaign_id,
        {{ pseudonym('user_id') }} as user_id,
        arm,
        channel,
        offer_id,
        sent_at,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
