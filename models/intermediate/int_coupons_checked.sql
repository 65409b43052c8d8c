-- one row per coupon row of the source, with what became of it
{% set columns = [
    'coupon_id', 'product_id', 'campaign_id', 'face_value', 'discount_share',
] -%}
with

source_rows as (
    select * from {{ ref('intake_coupons') }}
),

known_campaigns as (
    select distinct campaign_id from {{ ref('int_campaigns_checked') }}
    where row_status = 'kept'
),

known_products as (
    select product_id from {{ ref('int_products_completed') }}
),

judged as (
    select
        source_rows.*,
        case
            when source_rows.coupon_id is null then 'coupon_id is missing'
            when source_rows.product_id is null then 'product_id is missing'
            when known_campaigns.campaign_id is null then 'campaign_id is unknown'
            when known_products.product_id is null then 'product_id is unknown'
        end as fault
    from source_rows
    left join known_campaigns on source_rows.campaign_id = known_campaigns.campaign_id
    left join known_products on source_rows.product_id = known_products.product_id
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(
            ['campaign_id', 'coupon_id', 'product_id', 'fault'], columns
        ) }} as version_number
    from judged
),

explained as (
    select
        *,
        case
            when copy_number > 1 then 'exact duplicate'
            when fault is not null then fault
            when version_number > 1
                then 'campaign_id, coupon_id, product_id comes again with other values'
        end as status_reason
    from numbered
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from explained
)

select * from decided
