-- one row per row of disputes of orders of the source, with its status
{% set columns = [
    'order_id', 'user_id', 'dispute_kind', 'reported_at', 'resolved_at', 'is_upheld',
    'updated_at',
] -%}
{% set required = ['order_id', 'dispute_kind', 'reported_at'] -%}
{% set key = ['order_id', 'dispute_kind'] -%}
with

source_rows as (select * from {{ ref('intake_order_disputes') }}),

{{ orders_of_users() }}

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(required, 'source_rows') }}
            {{ user_fault() }}
            {{ clock_fault('reported_at', 'source_rows') }}
            when source_rows.resolved_at < source_rows.reported_at
                then 'resolved_at is before reported_at'
            when (source_rows.resolved_at is null) <> (source_rows.is_upheld is null)
                then 'resolved_at and is_upheld are not there together'
        end as fault
    from source_rows
    left join orders_of_users on source_rows.order_id = orders_of_users.order_id
),

{{ checked_rows(key, columns) }}
