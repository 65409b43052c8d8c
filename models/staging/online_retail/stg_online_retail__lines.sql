-- one row per line of the shop's files: text read, and what kind of line it is
{{ config(materialized="table", database="vault", schema="main") }}
{% set columns = [
    {'name': 'order_id', 'data_type': 'string',
     'meta': {'in_files': ['Invoice', 'InvoiceNo']}},
    {'name': 'product_id', 'data_type': 'string', 'meta': {'in_files': ['StockCode']}},
    {'name': 'description', 'data_type': 'string', 'meta': {}},
    {'name': 'country', 'data_type': 'string', 'meta': {}},
    {'name': 'quantity', 'data_type': 'decimal(18,3)', 'meta': {'required': true}},
    {'name': 'unit_price', 'data_type': 'decimal(18,4)',
     'meta': {'required': true, 'in_files': ['Price', 'UnitPrice']}},
    {'name': 'ordered_at', 'data_type': 'timestamp',
     'meta': {'required': true, 'in_files': ['InvoiceDate']}},
] -%}
{# no mart has a line's own wording, so what was repaired of it is no repair #}
{% set noted = columns | rejectattr('name', 'in', ['description', 'country']) | list -%}
{% set user_id = {
    'name': 'user_id', 'meta': {'in_files': ['Customer ID', 'CustomerID']}
} -%}
with

file_rows as (
    {{ file_rows(source('online_retail', 'invoice_lines'), columns + [user_id]) }}
),

read as (
    select
        *,
        {{ trimmed('raw_order_id') }} as order_id,
        {{ trimmed('raw_product_id') }} as product_id,
        {{ read_text('raw_description') }} as description,
        {{ read_text('raw_country') }} as country,
        {{ read_decimal('raw_quantity', 'decimal(18,3)') }} as quantity,
        {{ read_decimal('raw_unit_price', 'decimal(18,4)') }} as unit_price,
        {{ read_timestamp('raw_ordered_at') }} as ordered_at,
        {{ read_user_id('raw_user_id', has_decimals=true) }} as user_id
    from file_rows
),

noted as (
    select
        source_file,
        source_row,
        upper(order_id) as order_id,
        -- 85123a is 85123A
        upper(product_id) as product_id,
        user_id,
        description,
        country,
        quantity,
        unit_price,
        {{ utc_timestamp('ordered_at') }} as ordered_at,
        {{ read_fault(noted) }} as read_fault,
        {{ read_repairs(noted) }} as read_repairs
    from read
),

sorted as (
    select
        *,
        case
            when starts_with(order_id, 'A') then 'adjusted'
            when starts_with(order_id, 'C') and quantity < 0 then 'cancelled'
            when starts_with(order_id, 'C') then 'adjusted'
            -- stock found, lost or thrown away
            when unit_price = 0 and user_id is null then 'adjusted'
            when quantity < 0 then 'adjusted'
        end as order_status
    from noted
)

select * from sorted
