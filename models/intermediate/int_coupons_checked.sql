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
    select distinct product_id from {{ ref('int_products_checked') }}
    where row_status = 'kept'
),

numbered as (
    select
        *,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['campaign_id', 'coupon_id', 'product_id'], columns) }}
            as version_number
    from source_rows
),

judged as (
    select
        numbered.*,
        case
            when numbered.copy_number > 1 then 'exact duplicate'
            when numbered.coupon_id is null then 'coupon_id is missing'
            when numbered.product_id is null then 'product_id is missing'
            when known_campaigns.campaign_id is null then 'campaign_id is unknown'
            when known_products.product_id is null then 'product_id is unknown'
            when
                numbered.version_number > 1
                then 'campaign_id, coupon_id, product_id comes again with other values'
        end as status_reason
    from numbered
    left join known_campaigns on numbered.campaign_id = known_campaigns.campaign_id
    left join known_products on numbered.product_id = known_products.product_id
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from judged
)

select * from decided
