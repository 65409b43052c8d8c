-- one row per order line of the source, its place and time if its order id is in doubt
{% set columns = [
    'transaction_id', 'order_id', 'user_id', 'location_id', 'coupon_id',
    'sales_channel', 'order_status', 'payment_method', 'quantity', 'unit_price',
    'discount_amount', 'coupon_amount', 'net_amount', 'ordered_at', 'updated_at',
    'currency', 'product_id', 'source_file', 'source_row', 'shop_currency',
    'exchange_rate', 'read_fault', 'repairs_made',
] -%}
{% set gap = var('order_gap') -%}
{{ config(materialized="view") }}
with

matched as (select * from {{ ref('int_transactions_matched') }}),

-- an id of several users, places or times, or of a user on some lines alone
ids_in_doubt as (
    select order_id
    from matched
    group by order_id
    having
        min(user_id) <> max(user_id)
        or (count(user_id) > 0 and count(user_id) < count(*))
        or min(location_id) <> max(location_id)
        or min(sales_channel) <> max(sales_channel)
        or min(ordered_at)
        < {{ dbt.dateadd('minute', -gap.minutes, 'max(ordered_at)') }}
),

doubtful as (
    select
        matched.*,
        coalesce(
            (
                matched.quantity > 0
                or (matched.quantity = 0 and matched.net_amount >= 0)
            )
            and coalesce(matched.order_status, '') <> 'adjusted',
            false
        ) as is_sale,
        concat(
            coalesce(matched.location_id, ''), ' ', coalesce(matched.sales_channel, '')
        ) as stated_place
    from matched
    semi join ids_in_doubt on matched.order_id = ids_in_doubt.order_id
),

doubtful_lines as (select distinct transaction_id from doubtful),

-- a line id of several orders is a number in its order; others are the line's own
line_numbers as (
    select matched.transaction_id
    from matched
    semi join doubtful_lines on matched.transaction_id = doubtful_lines.transaction_id
    group by matched.transaction_id
    having min(matched.order_id) <> max(matched.order_id)
),

flagged as (
    select
        doubtful.*,
        bool_or(line_numbers.transaction_id is not null) over (
            partition by doubtful.order_id
        ) as is_numbered
    from doubtful
    left join line_numbers on doubtful.transaction_id = line_numbers.transaction_id
),

-- a line told anew, in another file or changed at another time, is where and when its
-- last version says
told as (
    select
        *,
        not is_numbered
        and coalesce(
            min(source_file) over same_line <> max(source_file) over same_line
            or min(updated_at) over same_line <> max(updated_at) over same_line
            or count(updated_at) over same_line
            between 1 and count(*) over same_line - 1,
            false
        ) as is_told_anew,
        first_value(ordered_at) over versions as told_at,
        first_value(stated_place) over versions as told_place,
        min(user_id) over same_line as first_of_line,
        max(user_id) over same_line as last_of_line
    from flagged
    window
        same_line as (partition by order_id, transaction_id, quantity < 0),
        versions as (
            partition by order_id, transaction_id, quantity < 0
            order by
                updated_at desc nulls last,
                source_file desc nulls last,
                stated_place asc,
                ordered_at asc nulls last
        )
),

united as (
    select
        {% for column in columns -%}
            matched.{{ column }},
        {% endfor -%}
        false as is_in_doubt,
        false as is_numbered,
        true as is_sale,
        '' as place,
        matched.ordered_at as sold_at,
        matched.user_id as told_user_id
    from matched
    anti join ids_in_doubt on matched.order_id = ids_in_doubt.order_id
    union all
    select
        {% for column in columns -%}
            {{ column }},
        {% endfor -%}
        true as is_in_doubt,
        is_numbered,
        is_sale,
        case when is_told_anew then told_place else stated_place end as place,
        case when is_told_anew then told_at else ordered_at end as sold_at,
        case
            when user_id is not null then user_id
            when is_told_anew and first_of_line = last_of_line then first_of_line
        end as told_user_id
    from told
)

select * from united
