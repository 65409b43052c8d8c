-- one row per order line of the source, matched with known users and products
{% set columns = [
    'transaction_id', 'order_id', 'location_id', 'coupon_id', 'sales_channel',
    'order_status', 'payment_method', 'quantity', 'unit_price', 'discount_amount',
    'coupon_amount', 'net_amount', 'ordered_at', 'updated_at',
] -%}
{{ config(materialized="view") }}
with

worded as (select * from {{ ref('int_transactions_worded') }}),

nobodies as (
    {% for word in spellings(var('nobody_words')) -%}
        select {{ pseudonym(text_literal(word)) }} as user_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

known_products as (
    select
        product_id,
        {{ pseudonym('product_id') }} as product_pseudonym
    from {{ ref('int_products_checked') }}
    where row_status = 'kept'
),

known_users as (
    select user_id from {{ ref('int_users_checked') }}
    where row_status = 'kept'
),

-- a word for nobody is a guest, unless a user goes by it
named as (
    select
        worded.*,
        nobodies.user_id is not null and known_users.user_id is null as is_nobody
    from worded
    left join nobodies on worded.user_id = nobodies.user_id
    left join known_users on worded.user_id = known_users.user_id
),

source_rows as (
    select
        {% for column in columns + [
            'product_id', 'currency', 'source_file', 'source_row', 'read_fault',
            'read_repairs', 'is_nobody',
        ] -%}
            {{ column }},
        {% endfor -%}
        case when not is_nobody then user_id end as user_id
    from named
),

matched as (
    select
        source_rows.*,
        known_products.product_id is not null as is_product_known,
        known_users.user_id is not null as is_user_known
    from source_rows
    left join known_products on source_rows.product_id = known_products.product_id
    left join known_users on source_rows.user_id = known_users.user_id
),

-- swapped user and product ids: each is known only in the other column
swapped_ids as (
    select distinct
        matched.user_id,
        matched.product_id,
        known_users.user_id as right_user_id,
        known_products.product_id as right_product_id
    from matched
    inner join known_products on matched.user_id = known_products.product_pseudonym
    inner join known_users
        on {{ pseudonym('matched.product_id') }} = known_users.user_id
    where not matched.is_user_known and not matched.is_product_known
),

-- amounts in two currencies cannot be added
{{ currency_steps() }}

resolved as (
    select
        {% for column in columns -%}
            matched.{{ column }},
        {% endfor -%}
        matched.currency as written,
        coalesce(currencies.code <> shop_currency.code, false) as is_foreign,
        currencies.code as currency,
        shop_currency.code as shop_currency,
        matched.source_file,
        matched.source_row,
        matched.read_fault,
        matched.read_repairs,
        matched.is_nobody,
        swapped_ids.user_id is not null as is_swapped,
        swapped_ids.user_id is not null or matched.is_user_known as is_user_known,
        swapped_ids.user_id is not null or matched.is_product_known
            as is_product_known,
        coalesce(swapped_ids.right_user_id, matched.user_id) as user_id,
        coalesce(swapped_ids.right_product_id, matched.product_id) as product_id
    from matched
    left join swapped_ids
        on
            matched.user_id = swapped_ids.user_id
            and matched.product_id = swapped_ids.product_id
    left join currencies on matched.currency = currencies.written
    left join shop_currency on true
),

repaired as (
    select
        {% for column in columns -%}
            resolved.{{ column }},
        {% endfor -%}
        resolved.currency,
        resolved.shop_currency,
        resolved.user_id,
        resolved.product_id,
        resolved.source_file,
        resolved.source_row,
        resolved.read_fault,
        cast(
            case when resolved.is_foreign then daily_rates.rate else 1 end
            as decimal(20, 10)
        ) as exchange_rate,
        {{ repairs_made([
            "case when upper(resolved.written) <> resolved.currency"
            ~ " then concat('currency ', resolved.written, ' was read as ',"
            ~ " resolved.currency) end",
            "case when resolved.is_nobody"
            ~ " then 'user_id is a word for nobody, emptied' end",
            "case when resolved.is_swapped"
            ~ " then 'user_id and product_id were swapped' end",
            "case when resolved.user_id is not null and not resolved.is_user_known"
            ~ " then 'user_id is unknown, user inferred' end",
            "case when not resolved.is_product_known"
            ~ " then 'product_id is unknown, product inferred' end",
        ]) }} as repairs_made
    from resolved
    left join daily_rates
        on
            resolved.currency = daily_rates.currency
            and case
                when resolved.is_foreign
                    then cast({{ local_timestamp('resolved.ordered_at') }} as date)
            end = daily_rates.rate_day
)

select * from repaired
