-- one row per row of points spent of the source, with its status
{% set columns = [
    'spending_id', 'user_id', 'points', 'order_id', 'spent_at', 'updated_at',
] -%}
{% set required = ['spending_id', 'user_id', 'points', 'spent_at'] -%}
{% set key = ['spending_id'] -%}
with

source_rows as (select * from {{ ref('intake_point_spendings') }}),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(required, 'source_rows') }}
            when source_rows.points <= 0 then 'points are not above 0'
            {{ clock_fault('spent_at', 'source_rows') }}
        end as fault
    from source_rows
),

{{ checked_rows(key, columns, often_unique='spending_id') }}
