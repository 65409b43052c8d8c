-- one row per order line of the source, with who bought where its order id is in doubt
{% set columns = [
    'transaction_id', 'order_id', 'user_id', 'location_id', 'coupon_id', 'sales_channel', 'order_status',
    'payment_method', 'quantity', 'unit_price', 'discount_amount', 'coupon_amount',
    'net_amount', 'ordered_at', 'updated_at', 'currency', 'product_id', 'source_file',
    'source_row', 'is_shop_currency', 'read_fault', 'repairs_made',
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
        or min(ordered_at) < {{ dbt.dateadd('hour', -gap.hours, 'max(ordered_at)') }}
),

doubtful as (
    select
        matched.*,
        coalesce(
            matched.quantity > 0 and coalesce(matched.order_status, '') <> 'adjusted',
            false
        ) as is_sale,
        concat(
            coalesce(matched.location_id, ''), ' ', coalesce(matched.sales_channel, '')
        ) as place,
        cast(matched.ordered_at as date) as ordered_on
    from matched
    semi join ids_in_doubt on matched.order_id = ids_in_doubt.order_id
),

compared as (
    select
        *,
        min(user_id) over receipt as first_of_receipt,
        max(user_id) over receipt as last_of_receipt,
        min(user_id) over whole_id as first_of_id,
        max(user_id) over whole_id as last_of_id,
        -- what is sent back may come late and elsewhere
        not is_sale
        or (
            min(place) over whole_id = max(place) over whole_id
            and {{ dbt.dateadd('hour', -gap.hours, 'ordered_at') }}
            <= min(ordered_at) over whole_id
        ) as is_of_id,
        -- two lines of one file that differ by place are not one told anew
        min(place) over same_line <> max(place) over same_line as is_line_elsewhere,
        -- the same line, told anew
        first_value(user_id) over versions as last_user_id,
        first_value(ordered_on) over versions as last_ordered_on,
        first_value(place) over versions as last_place
    from doubtful
    window
        receipt as (partition by order_id, place, ordered_on),
        whole_id as (partition by order_id),
        same_line as (partition by order_id, transaction_id, user_id, source_file),
        versions as (
            partition by order_id, transaction_id
            order by
                updated_at desc nulls last,
                source_file desc nulls last,
                user_id asc nulls last,
                ordered_at asc nulls last
        )
),

-- who bought, if a line does not say: the one user of its place and day, or of its id
filled as (
    select
        *,
        case
            when user_id is not null then user_id
            when first_of_receipt = last_of_receipt then first_of_receipt
            when first_of_id = last_of_id and is_of_id then first_of_id
        end as purchaser_id,
        coalesce(
            ordered_on = last_ordered_on
            and place = last_place
            and user_id <> last_user_id,
            false
        ) as is_of_another_user
    from compared
),

sold as (
    select
        *,
        min(case when is_sale then place end) over party as first_sale_place,
        max(case when is_sale then place end) over party as last_sale_place,
        coalesce(bool_or(is_line_elsewhere) over party, false) as is_place_apart
    from filled
    window party as (partition by order_id, purchaser_id)
),

-- guests are told apart by where they bought, and users of the same lines elsewhere
placed as (
    select
        *,
        case
            when purchaser_id is not null and not is_place_apart then ''
            when not is_sale and first_sale_place = last_sale_place
                then first_sale_place
            else place
        end as guest_place
    from sold
),

united as (
    select
        {% for column in columns -%}
            matched.{{ column }},
        {% endfor -%}
        false as is_in_doubt,
        false as is_of_another_user,
        true as is_sale,
        matched.user_id as purchaser_id,
        '' as place,
        '' as guest_place
    from matched
    anti join ids_in_doubt on matched.order_id = ids_in_doubt.order_id
    union all
    select
        {% for column in columns -%}
            {{ column }},
        {% endfor -%}
        true as is_in_doubt,
        is_of_another_user,
        is_sale,
        purchaser_id,
        place,
        guest_place
    from placed
)

select * from united
