-- one row per campaign
with

source_rows as (select * from {{ source_rows('campaigns') }}),

contracted as (
    select
        campaign_id,
        campaign_type,
        campaign_class,
        channel,
        is_randomised,
        starts_on,
        ends_on,
        updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from source_rows
)

select * from contracted
