-- one row per event row of the source, with what became of it
{% set columns = [
    'event_id', 'user_id', 'session_id', 'product_id', 'event_type', 'channel',
    'search_text', 'occurred_at', 'updated_at',
] -%}
{% set key = ['event_id'] -%}
{% set same_key = key + ['fault', 'copy_number > 1'] -%}
with

source_rows as (
    select * from {{ ref('intake_events') }}
),

known_products as (
    select product_id from {{ ref('int_products_completed') }}
),

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as mended,
        case
            {{ fault_of(['event_id', 'event_type', 'occurred_at'], 'source_rows') }}
            when
                source_rows.product_id is not null
                and known_products.product_id is null
                then 'product_id is unknown'
            {{ clock_fault('occurred_at', 'source_rows') }}
        end as fault
    from source_rows
    left join known_products on source_rows.product_id = known_products.product_id
),

repeated_ids as (
    select event_id
    from judged
    group by event_id
    having count(*) > 1
),

copied as (
    select
        judged.*,
        {{ copy_number(columns) }} as copy_number
    from judged
    semi join repeated_ids on judged.event_id = repeated_ids.event_id
),

numbered as (
    select
        *,
        {{ version_number(same_key, columns) }} as version_number,
        {{ is_superseded(same_key) }} as is_superseded
    from copied
    union all
    -- ids that come once, nearly all, need no ranking
    select
        judged.*,
        1 as copy_number,
        1 as version_number,
        false as is_superseded
    from judged
    anti join repeated_ids on judged.event_id = repeated_ids.event_id
),

decided as (
    select
        {{ columns | join(',\n        ') }},
        source_file,
        source_row,
        {{ verdict(key) }}
    from numbered
)

select * from decided
