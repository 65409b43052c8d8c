-- one row per order line of the source, with what became of it
{% set columns = [
    'transaction_id', 'order_id', 'user_id', 'product_id', 'location_id',
    'coupon_id', 'currency', 'sales_channel', 'order_status', 'payment_method',
    'quantity', 'unit_price', 'discount_amount', 'coupon_amount', 'net_amount',
    'ordered_at',
] -%}
with

source_rows as (
    select * from {{ ref('intake_transactions') }}
),

judged as (
    select
        *,
        case
            when order_id is null then 'order_id is missing'
            when product_id is null then 'product_id is missing'
            when transaction_id is null then 'transaction_id is missing'
            when ordered_at is null then 'ordered_at is missing'
            when net_amount is null then 'net_amount is missing'
            when net_amount < 0 then 'net_amount is negative'
            when discount_amount < 0 then 'discount_amount is negative'
            when coupon_amount < 0 then 'coupon_amount is negative'
            when quantity < 0 then 'quantity is negative'
        end as fault
    from source_rows
),

repeated_ids as (
    select transaction_id
    from source_rows
    group by transaction_id
    having count(*) > 1
),

-- of several faultless versions the earliest stands: a later row must not move an
-- earlier feature
numbered as (
    select
        judged.*,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['transaction_id', 'fault'], ['ordered_at'] + columns) }}
            as version_number
    from judged
    semi join repeated_ids on judged.transaction_id = repeated_ids.transaction_id
    union all
    -- ids that come once, nearly all, need no ranking
    select
        judged.*,
        1 as copy_number,
        1 as version_number
    from judged
    anti join repeated_ids on judged.transaction_id = repeated_ids.transaction_id
),

explained as (
    select
        *,
        case
            when copy_number > 1 then 'exact duplicate'
            when fault is not null then fault
            when version_number > 1
                then 'transaction_id comes again with other values'
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
