-- one row per campaign
with

source_rows as (
    select * from {{ source_rows('campaigns') }}
),

contracted as (
    select
        campaign_id,
        campaign_type,
        campaign_class,
        channel,
        is_randomised,
        starts_on,
        ends_on
    from source_rows
)

select * from contracted
