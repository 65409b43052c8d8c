-- one row per row of tokens of orders of the source, with its status
{% set columns = [
    'order_id', 'user_id', 'token_kind', 'token', 'seen_at', 'updated_at',
] -%}
{% set required = ['order_id', 'token_kind', 'token', 'seen_at'] -%}
{% set key = ['order_id', 'token_kind', 'token', 'seen_at'] -%}
with

source_rows as (
    {{ in_known_words(ref('intake_order_tokens'), columns, {
        'token_kind': {'words': 'token_kind', 'unknown': 'refused'},
    }) }}
),

{{ orders_of_users() }}

judged as (
    select
        source_rows.*,
        source_rows.read_repairs as repairs_made,
        case
            {{ fault_of(required, 'source_rows') }}
            {{ user_fault() }}
            {{ clock_fault('seen_at', 'source_rows') }}
        end as fault
    from source_rows
    left join orders_of_users on source_rows.order_id = orders_of_users.order_id
),

{{ checked_rows(key, columns) }}
