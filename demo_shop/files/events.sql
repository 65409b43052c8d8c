-- One row per click. Sessions that led to an order are read back from the lines; for
-- two in five online visits only, as the other visitors refuse to be followed. The
-- others come from visits in vain.
create or replace temp view events as
with

line_clicks as (
    select
        order_id,
        user_id,
        product_id,
        sales_channel as channel,
        ordered_at,
        cast(substr(transaction_id, length(order_id) + 2) as integer) as line_number,
        unnest(case
            when substr(transaction_id, length(order_id) + 2) = '1'
                then ['search', 'view', 'add_to_cart', 'checkout', 'purchase']
            else ['view', 'add_to_cart']
        end) as event_type
    from read_parquet(getvariable('folder') || '/transactions.parquet')
    where
        sales_channel != 'store'
        and uniform('followed', order_id) < getvariable('followed_share')
),

order_clicks as (
    select
        'S' || substr(order_id, 2) as session_id,
        user_id,
        case when event_type in ('view', 'add_to_cart') then product_id end
            as product_id,
        event_type,
        channel,
        product_id as thought_of,
        line_number * 2 + case event_type
            when 'search' then 0
            when 'view' then 1
            when 'add_to_cart' then 2
            -- behind those of 13 lines
            when 'checkout' then 28
            else 29
        end as click_number,
        seconds_after(ordered_at, case event_type
            when 'search' then 42 * (line_number - 1) - 640
            when 'view' then 42 * (line_number - 1) - 620
            when 'add_to_cart' then 42 * (line_number - 1) - 600
            when 'checkout' then -30
            else 0
        end) as occurred_at
    from line_clicks
    where event_type != 'search' or uniform('searches', order_id) < 0.5
),

looks as (
    select
        *,
        unnest(range(1, 2 + number_below(4, uniform('looks', order_id))))
            as look_number
    from visits
    where
        not is_order
        and uniform('followed', order_id) < getvariable('followed_share')
),

looked_at as (
    select
        order_id,
        user_id,
        channel_number,
        look_number,
        ordered_at,
        day,
        unnest(case
            when look_number > 1 then ['view']
            when uniform('fills cart', order_id) < 0.2
                then ['search', 'view', 'add_to_cart']
            else ['search', 'view']
        end) as event_type,
        case
            when uniform('looks at favourite', order_id, look_number) < 0.6
                then favourite_1
            else number_below(
                getvariable('category_count'),
                uniform('looks at', order_id, look_number)
            )
        end * getvariable('products_per_category')
        + product_rank(uniform('looks at product', order_id, look_number))
            as product_number
    from looks
),

look_clicks as (
    select
        'S' || substr(looked_at.order_id, 2) as session_id,
        looked_at.user_id,
        case when looked_at.event_type != 'search' then assortment.product_id end
            as product_id,
        looked_at.event_type,
        ['web', 'app'][1 + looked_at.channel_number] as channel,
        assortment.product_id as thought_of,
        looked_at.look_number * 3 + case looked_at.event_type
            when 'search' then 0
            when 'view' then 1
            else 2
        end as click_number,
        seconds_after(
            looked_at.ordered_at,
            35 * looked_at.look_number - 400 + case looked_at.event_type
                when 'search' then 0
                when 'view' then 12
                else 24
            end
        ) as occurred_at
    from looked_at
    inner join assortment on looked_at.product_number = assortment.product_number
    -- nobody sees what is not launched yet
    where assortment.launch_day <= looked_at.day
),

clicks as (
    select * from order_clicks
    union all
    select * from look_clicks
)

select
    clicks.session_id || '-' || cast(clicks.click_number as varchar) as event_id,
    clicks.user_id,
    clicks.session_id,
    clicks.product_id,
    clicks.event_type,
    clicks.channel,
    case when clicks.event_type = 'search' then lower(assortment.kind) end
        as search_text,
    clicks.occurred_at
from clicks
inner join assortment on clicks.thought_of = assortment.product_id;
