-- one row per line of the shop's files
{% set values = [
    'order_id', 'product_id', 'description', 'quantity', 'unit_price', 'ordered_at',
] -%}
with

lines as (select * from {{ ref('stg_online_retail__lines') }}),

compared as (
    select
        *,
        lag(ordered_at) over (partition by source_file order by source_row)
            as previous_ordered_at
    from lines
),

-- lines stand in the order of time, until a second sheet begins some days earlier
placed as (
    select
        *,
        sum(
            case
                when {{ days_between('ordered_at', 'previous_ordered_at') }} > 1 then 1
                else 0
            end
        ) over (
            partition by source_file
            order by source_row
            rows between unbounded preceding and current row
        ) as sheet_number
    from compared
),

-- lines that are equal within a sheet are several, wherever they stand among those of
-- other invoices; between sheets they are one
numbered as (
    select
        *,
        row_number() over (
            partition by source_file, sheet_number, {{ values | join(', ') }}
            order by source_row
        ) as copy_number
    from placed
),

contracted as (
    select
        order_id || '-' || product_id || '-'
        || left(md5({{ row_as_json(values + ['copy_number']) }}), 12)
            as transaction_id,
        order_id,
        user_id,
        product_id,
        cast(null as string) as location_id,
        cast(null as string) as coupon_id,
        'GBP' as currency,
        'web' as sales_channel,
        order_status,
        cast(null as string) as payment_method,
        quantity,
        unit_price,
        cast(null as decimal(18, 2)) as discount_amount,
        cast(null as decimal(18, 2)) as coupon_amount,
        cast(round(quantity * unit_price, 2) as decimal(18, 2)) as net_amount,
        ordered_at,
        cast(null as timestamp) as updated_at,
        source_file,
        source_row,
        read_fault,
        read_repairs
    from numbered
)

select * from contracted
