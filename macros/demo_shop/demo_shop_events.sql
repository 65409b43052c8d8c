{#
    One row per click, as the contract names them. Sessions that led to an order are
    read back from the lines; for two in five visits on line only, as the
    other visitors refuse to be followed. The others come from visits in vain.
#}
{% macro demo_shop__events(demo) -%}
    with

    -- when things happened, in seconds before the order
    line_clicks as (
        select
            transactions.order_id,
            transactions.user_id,
            transactions.product_id,
            transactions.sales_channel as channel,
            transactions.ordered_at,
            cast(substr(
                transactions.transaction_id, length(transactions.order_id) + 2
            ) as integer) as line_number,
            unnest(
                case
                    when substr(
                        transactions.transaction_id, length(transactions.order_id) + 2
                    ) = '1'
                        then [
                            {'event_type': 'search', 'seconds': -640},
                            {'event_type': 'view', 'seconds': -620},
                            {'event_type': 'add_to_cart', 'seconds': -600},
                            {'event_type': 'checkout', 'seconds': -30},
                            {'event_type': 'purchase', 'seconds': 0}
                        ]
                    else [
                        {'event_type': 'view', 'seconds': -620},
                        {'event_type': 'add_to_cart', 'seconds': -600}
                    ]
                end
            ) as click
        from read_parquet('{{ demo.folder }}/transactions.parquet') as transactions
        where
            transactions.sales_channel != 'store'
            and {{ uniform(demo, 'followed', ['transactions.order_id']) }}
            < {{ demo.followed_share }}
    ),

    order_clicks as (
        select
            'S' || substr(order_id, 2) as session_id,
            user_id,
            case when click.event_type not in ('search', 'checkout', 'purchase')
                then product_id end as product_id,
            click.event_type as event_type,
            channel,
            product_id as thought_of,
            line_number * 2 + case click.event_type
                when 'search' then 0
                when 'view' then 1
                when 'add_to_cart' then 2
                -- behind those of 13 lines
                when 'checkout' then 28
                else 29
            end as click_number,
            {{ seconds_after('ordered_at', 'case
                when click.seconds < -30 then click.seconds + 42 * (line_number - 1)
                else click.seconds
            end') }} as occurred_at
        from line_clicks
        where
            click.event_type != 'search'
            or {{ uniform(demo, 'searches', ['order_id']) }} < 0.5
    ),

    looks as (
        select
            *,
            unnest(range(1, 2 + {{ draw_number(demo, 'looks', ['order_id'], 4) }}))
                as look_number
        from demo_shop_visits
        where
            not is_order
            and {{ uniform(demo, 'followed', ['order_id']) }}
            < {{ demo.followed_share }}
    ),

    looked_at as (
        select
            looks.order_id,
            looks.user_id,
            looks.channel_number,
            looks.look_number,
            looks.ordered_at,
            looks.day,
            unnest(case
                when looks.look_number > 1 then ['view']
                when {{ uniform(demo, 'fills cart', ['looks.order_id']) }} < 0.2
                    then ['search', 'view', 'add_to_cart']
                else ['search', 'view']
            end) as event_type,
            case
                when {{ uniform(demo, 'looks at favourite', [
                    'looks.order_id', 'looks.look_number'
                ]) }} < 0.6 then favourite_1
                else {{ draw_number(
                    demo, 'looks at', ['looks.order_id', 'looks.look_number'],
                    demo.categories | length
                ) }}
            end * {{ demo.products_per_category }}
            + {{ product_rank(demo, uniform(demo, 'looks at product', [
                'looks.order_id', 'looks.look_number'
            ])) }} as product_number
        from looks
    ),

    look_clicks as (
        select
            'S' || substr(looked_at.order_id, 2) as session_id,
            looked_at.user_id,
            case when looked_at.event_type != 'search'
                then assortment.product_id end as product_id,
            looked_at.event_type,
            {{ text_list(['web', 'app']) }}[1 + looked_at.channel_number] as channel,
            assortment.product_id as thought_of,
            looked_at.look_number * 3 + case looked_at.event_type
                when 'search' then 0
                when 'view' then 1
                else 2
            end as click_number,
            {{ seconds_after(
                'looked_at.ordered_at',
                '35 * looked_at.look_number - 400 + case looked_at.event_type
                    when \'search\' then 0
                    when \'view\' then 12
                    else 24
                end'
            ) }} as occurred_at
        from looked_at
        inner join demo_shop_assortment as assortment
            on looked_at.product_number = assortment.product_number
        -- nobody sees what is not launched yet
        where assortment.launch_day <= looked_at.day
    ),

    clicks as (
        from order_clicks
        union all from look_clicks
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
    inner join demo_shop_assortment as assortment
        on clicks.thought_of = assortment.product_id
{%- endmacro %}
