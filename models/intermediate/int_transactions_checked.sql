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

repeated_ids as (
    select transaction_id
    from source_rows
    group by transaction_id
    having count(*) > 1
),

-- of several versions the earliest stands: a later row must not move an earlier feature
numbered as (
    select
        source_rows.*,
        {{ copy_number(columns) }} as copy_number,
        {{ version_number(['transaction_id'], ['ordered_at'] + columns) }}
            as version_number
    from source_rows
    semi join repeated_ids
        on source_rows.transaction_id = repeated_ids.transaction_id
    union all
    -- ids that come once, nearly all, need no ranking
    select
        source_rows.*,
        1 as copy_number,
        1 as version_number
    from source_rows
    anti join repeated_ids
        on source_rows.transaction_id = repeated_ids.transaction_id
),

judged as (
    select
        numbered.*,
        case
            when numbered.copy_number > 1 then 'exact duplicate'
            when numbered.transaction_id is null then 'transaction_id is missing'
            when numbered.order_id is null then 'order_id is missing'
            when numbered.product_id is null then 'product_id is missing'
            when numbered.ordered_at is null then 'ordered_at is missing'
            when numbered.net_amount is null then 'net_amount is missing'
            when numbered.quantity < 0 then 'quantity is negative'
            when
                numbered.version_number > 1
                then 'transaction_id comes again with other values'
        end as status_reason
    from numbered
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        status_reason,
        {{ row_status('status_reason') }} as row_status
    from judged
)

select * from decided
