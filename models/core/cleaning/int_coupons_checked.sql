-- one row per coupon row of the source, with its status
{% set columns = [
    'coupon_id', 'product_id', 'campaign_id', 'face_value', 'discount_share',
    'updated_at',
] -%}
{% set key = ['campaign_id', 'coupon_id', 'product_id'] -%}
with

source_rows as (select * from {{ ref('intake_coupons') }}),

known_campaigns as (
    select campaign_id from {{ ref('int_campaigns_checked') }}
    where row_status = 'kept'
),

known_products as (
    select product_id from {{ ref('int_products_completed') }}
),

judged as (
    select
        {% for column in columns if column not in ('face_value', 'discount_share') -%}
            source_rows.{{ column }},
        {% endfor -%}
        source_rows.source_file,
        source_rows.source_row,
        case when source_rows.face_value >= 0 then source_rows.face_value end
            as face_value,
        case
            when source_rows.discount_share between 0 and 1
                then source_rows.discount_share
        end as discount_share,
        {{ repairs_made([
            "case when source_rows.face_value < 0"
            ~ " then 'face_value is negative, emptied' end",
            "case when source_rows.discount_share not between 0 and 1"
            ~ " then 'discount_share is out of range, emptied' end",
        ]) }} as repairs_made,
        case
            {{ fault_of(['coupon_id', 'product_id', 'campaign_id'], 'source_rows') }}
            when known_campaigns.campaign_id is null then 'campaign_id is unknown'
            when known_products.product_id is null then 'product_id is unknown'
        end as fault
    from source_rows
    left join known_campaigns on source_rows.campaign_id = known_campaigns.campaign_id
    left join known_products on source_rows.product_id = known_products.product_id
),

{{ checked_rows(key, columns) }}
