{#
    Working table: one row per visit: an order, or a look at web or app that came to
    nothing. The orders are a user's own, extra ones that a campaign's offer brought,
    and fraud. Each gets a slot of its person's day, which makes its number unique.
#}
{% macro demo_shop__visits(demo) -%}
    {%- set key = ['person_number', 'day', 'slot'] -%}
    {%- set slots = 16 -%}
    with

    days_awake as (
        select
            person_number,
            class_number,
            order_rate,
            unnest(range(first_day, least(end_day, {{ demo.days }}))) as day
        from demo_shop_spells
    ),

    drawn as (
        select
            *,
            {{ uniform(demo, 'visit', ['person_number', 'day']) }} as visit_draw
        from days_awake
    ),

    own_visits as (
        select
            drawn.person_number,
            cast(drawn.day as integer) as day,
            drawn.visit_draw
            < least(0.95, drawn.order_rate * buying_days.buying_factor) as is_order
        from drawn
        inner join demo_shop_buying_days as buying_days
            on
                drawn.day * {{ demo.sensitivities | length }} + drawn.class_number
                = buying_days.buying_day_number
        where
            -- no factor is above 5: most days end here, before the join
            drawn.visit_draw < 1.5 * 5 * drawn.order_rate
            -- one look in vain for every two orders
            and drawn.visit_draw
            < 1.5 * least(0.95, drawn.order_rate * buying_days.buying_factor)
    ),

    influenced_visits as (
        select
            own_visits.person_number,
            own_visits.day,
            0 as slot,
            own_visits.is_order,
            case
                when {{ uniform(demo, 'uses coupon',
                    ['own_visits.person_number', 'own_visits.day']) }}
                    < responses.coupon_chance
                    and own_visits.is_order
                    then responses.coupon_number
            end as coupon_number,
            0 as fraud_number
        from own_visits
        left join demo_shop_responses as responses
            on
                own_visits.person_number = responses.person_number
                and responses.arm = 'treatment'
                and own_visits.day >= responses.start_day
                and own_visits.day < responses.end_day
        where not coalesce(responses.is_put_off and own_visits.is_order, false)
    ),

    extra_orders as (
        select
            person_number,
            extra_day as day,
            1 as slot,
            true as is_order,
            case when extra_uses_coupon then coupon_number end as coupon_number,
            0 as fraud_number
        from demo_shop_responses
        where buys_extra
    ),

    -- the first user buys on the last day, so that no shop is without an order and
    -- every shop ends on its last date; not where that day moves on
    closing_order as (
        select
            person_number,
            {{ demo.days - 1 }} as day,
            2 as slot,
            true as is_order,
            null as coupon_number,
            0 as fraud_number
        from demo_shop_persons
        where person_number = 0 and not {{ demo.has_plan }}
    ),

    -- a new account orders one dear product over and over, within two days
    burst_orders as (
        select
            person_number,
            signup_day + burst_number // 4 as day,
            3 + burst_number as slot,
            true as is_order,
            null as coupon_number,
            1 as fraud_number
        from demo_shop_persons
        cross join range(8) as bursts (burst_number)
        where
            is_fraudster
            and burst_number
            < 4 + {{ draw_number(demo, 'burst', ['person_number'], 5) }}
    ),

    abusing_orders as (
        select
            person_number,
            start_day + 1 + abuse_number // 3 as day,
            11 + abuse_number as slot,
            true as is_order,
            coupon_number,
            2 as fraud_number
        from demo_shop_responses
        cross join range(5) as abuses (abuse_number)
        where abuses_coupon
    ),

    visits as (
        from influenced_visits
        union all from extra_orders
        union all from closing_order
        union all from burst_orders
        union all from abusing_orders
    ),

    described as (
        select
            visits.*,
            persons.user_id,
            persons.class_number,
            persons.favourite_1,
            persons.favourite_2,
            persons.favourite_3,
            persons.home_store,
            persons.signup_day,
            persons.basket_scale,
            {{ uniform(demo, 'channel', [
                'visits.person_number', 'visits.day', 'visits.slot'
            ]) }} as channel_draw,
            persons.main_channel
        from visits
        inner join demo_shop_persons as persons
            on visits.person_number = persons.person_number
        where visits.day >= 0 and visits.day < {{ demo.days }}
    ),

    routed as (
        select
            *,
            case
                when fraud_number > 0 or not is_order then least(main_channel, 1)
                when channel_draw < 0.8 then main_channel
                when channel_draw < 0.9 then 0
                when home_store = 0 then 1
                else 2
            end as channel_number,
            {{ uniform(demo, 'hour', key) }} as hour_draw,
            {{ uniform(demo, 'payment', key) }} as pay_draw,
            {{ uniform(demo, 'status', key) }} as status_draw
        from described
    ),

    timed as (
        select
            *,
            {{ seconds_after(
                demo.first_instant,
                'day * 86400 + cast(floor(case
                    when channel_number = 2 then 32400 + 43200 * hour_draw
                    else 25200 + 61000 * pow(hour_draw, 0.7)
                end) as bigint)'
            ) }} as ordered_at
        from routed
    ),

    paid_for as (
        select
            *,
            -- hours that paying and packing took
            {{ uniform(demo, 'pay hours', key) }} * 4 as pay_hours,
            6 + {{ uniform(demo, 'ship hours', key) }} * 60 as ship_hours,
            90 + {{ uniform(demo, 'arrive hours', key) }} * 120 as arrive_hours,
            date_diff('second', ordered_at, {{ demo.end_instant }}) / 3600.0
                as known_hours
        from timed
    ),

    staged as (
        select
            *,
            case
                when channel_number = 2 then 'completed'
                when status_draw < 0.035 and known_hours > ship_hours then 'cancelled'
                when known_hours > arrive_hours then 'completed'
                when known_hours > ship_hours then 'shipped'
                when known_hours > pay_hours then 'paid'
                else 'placed'
            end as order_status
        from paid_for
    )

    select
        -- a number without order or owner: multiplying by an odd number modulo a power
        -- of two moves every key to a place of its own
        'O' || cast(
            (
                (person_number * {{ demo.horizon_days }} + day) * {{ slots }} + slot
            ) * 82952237 % {{ demo.order_numbers }} as varchar
        ) as order_id,
        person_number,
        -- before signing up, or for ever: a guest
        case when day >= signup_day then user_id end as user_id,
        cast(fraud_number as tinyint) as fraud_number,
        cast(channel_number as tinyint) as channel_number,
        cast(
            case when channel_number = 2 then home_store else 0 end as tinyint
        ) as location_number,
        cast((day + {{ demo.first_weekday }}) // 7 as smallint) as week_number,
        cast(day as smallint) as day,
        cast(class_number as tinyint) as class_number,
        cast(favourite_1 as tinyint) as favourite_1,
        cast(favourite_2 as tinyint) as favourite_2,
        cast(favourite_3 as tinyint) as favourite_3,
        cast(coupon_number as smallint) as coupon_number,
        cast(case
            when fraud_number > 0 then 1
            else least(12, 1 + floor(
                -ln(1 - {{ uniform(demo, 'lines', key) }}) * basket_scale
            ))
        end as tinyint) as goods_lines,
        -- most orders on line reach the sum that is delivered for free
        cast(case
            when channel_number = 2 then 0
            when {{ uniform(demo, 'service', key) }} < 0.2 then 1
            when {{ uniform(demo, 'service', key) }} < 0.23 then 2
            else 0
        end as tinyint) as service_number,
        cast(case
            when fraud_number = 1 then 2
            when channel_number = 2 then case
                when pay_draw < 0.3 then 1
                when pay_draw < 0.6 then 0
                when pay_draw < 0.75 then 2
                else 4
            end
            when pay_draw < 0.42 then 0
            when pay_draw < 0.8 then 1
            when pay_draw < 0.95 then 2
            else 3
        end as tinyint) as payment_number,
        is_order,
        order_status,
        ordered_at,
        {{ seconds_after('ordered_at', 'case
            when channel_number = 2 then 0
            when order_status = \'completed\' then arrive_hours * 3600
            when order_status = \'shipped\' then ship_hours * 3600
            when order_status = \'paid\' then pay_hours * 3600
            -- before it is packed
            when order_status = \'cancelled\' then ship_hours * 2700
            else 0
        end') }} as changed_at
    from staged
{%- endmacro %}

{#
    One row per order line, as the contract names them. It streams: visits are spread
    to lines and meet small tables only, so that a shop of any size fits in memory.
    Amounts are whole cents until the end, so that each line adds up exactly.
#}
{% macro demo_shop__transactions(demo) -%}
    {%- set key = ['order_id', 'line_number'] -%}
    with

    lines as (
        select
            *,
            unnest(range(1, 1 + goods_lines + cast(service_number > 0 as integer)))
                as line_number
        from demo_shop_visits
        where is_order
    ),

    drawn as (
        select
            lines.*,
            coupons.category_number as coupon_category,
            coupons.coupon_id,
            coupons.face_cents,
            coupons.discount_share,
            [{{ demo.sensitivities | join(', ') }}][1 + class_number]
                as price_sensitivity,
            {{ uniform(demo, 'category', key) }} as category_draw,
            {{ uniform(demo, 'product', key) }} as product_draw,
            {{ uniform(demo, 'deal or not', key) }} as deal_draw,
            {{ uniform(demo, 'quantity', key) }} as quantity_draw,
            {{ uniform(demo, 'return', key) }} as return_draw
        from lines
        -- the first line is the one the coupon is for
        left join demo_shop_coupon_plan as coupons
            on lines.coupon_number = coupons.coupon_number and lines.line_number = 1
    ),

    chosen as (
        select
            *,
            line_number > goods_lines as is_service,
            case
                when line_number > goods_lines
                    then {{ demo.categories | length }}
                when fraud_number = 1 then {{ demo.burst_category }}
                when coupon_category is not null then coupon_category
                -- three favourites, then whatever
                when category_draw < 0.26 then favourite_1
                when category_draw < 0.46 then favourite_2
                when category_draw < 0.60 then favourite_3
                else cast(floor(
                    (category_draw - 0.60) * {{ (demo.categories | length) / 0.40 }}
                ) as integer)
            end as category_number
        from drawn
    ),

    reached as (
        select
            *,
            case
                when is_service then service_number - 1
                when fraud_number = 1 then {{ draw_number(
                    demo, 'burst product', ['person_number'],
                    demo.products_per_category
                ) }}
                -- habit: the product of the category that this person always takes
                when product_draw < 0.4 then {{ product_rank(demo, uniform(
                    demo, 'habit', ['person_number', 'category_number']
                )) }}
                else {{ product_rank(demo, '((product_draw - 0.4) / 0.6)') }}
            end as product_rank
        from chosen
    ),

    tempted as (
        select
            reached.*,
            case
                when
                    reached.fraud_number != 1
                    and reached.deal_draw < case reached.class_number
                        {% for sensitivity in demo.sensitivities -%}
                        when {{ loop.index0 }}
                            then deals.switch_chance_{{ loop.index0 }}
                        {% endfor -%}
                    end
                    then deals.product_number
                else
                    reached.category_number * {{ demo.products_per_category }}
                    + reached.product_rank
            end as wanted_number
        from reached
        left join demo_shop_deals as deals
            on
                (reached.category_number * {{ demo.locations | length }}
                    + reached.location_number)
                * {{ demo.weeks }} + reached.week_number = deals.deal_key
    ),

    served as (
        select
            tempted.*,
            shelf.product_id,
            shelf.price_cents,
            shelf.unit_price,
            shelf.cut_cents,
            shelf.return_chance,
            case
                when is_service then 1
                when fraud_number = 1 then 3 + cast(floor(quantity_draw * 4) as integer)
                else
                    1
                    + cast(quantity_draw * single_share < 0.28 as integer)
                    + cast(quantity_draw * single_share < 0.10 as integer)
                    + cast(quantity_draw * single_share < 0.03 as integer)
                    -- the mean of what stands above, grown by the price cut
                    + cast(
                        pull > 0
                        and deal_draw_again < (1 + 0.41 / single_share) * (
                            exp({{ 1 - demo.choice_share }} * price_sensitivity * pull)
                            - 1
                        ) as integer
                    )
            end as quantity
        from (
            select
                *,
                {{ uniform(demo, 'one more', key) }} as deal_draw_again
            from tempted
        ) as tempted
        inner join demo_shop_shelf as shelf
            on
                (tempted.wanted_number * {{ demo.locations | length }}
                    + tempted.location_number)
                * {{ demo.weeks }} + tempted.week_number = shelf.shelf_key
        where
            -- what is out is replaced, or left off; an order keeps its first line
            not shelf.is_missing
            or tempted.line_number = 1
            or {{ uniform(demo, 'no substitute', key) }} < 0.5
    ),

    charged as (
        select
            *,
            quantity * cut_cents as discount_cents,
            case
                when face_cents is not null
                    then least(face_cents, quantity * (price_cents - cut_cents))
                when discount_share is not null
                    then cast(floor(
                        discount_share * quantity * (price_cents - cut_cents)
                    ) as integer)
                else 0
            end as coupon_cents,
            -- some days after it arrived, if that is past
            order_status = 'completed'
            and return_draw < return_chance
            and {{ seconds_after('changed_at', '86400 * 9') }} <= {{ demo.end_instant }}
                as is_returned
        from served
    )

    select
        order_id || '-' || cast(line_number as varchar) as transaction_id,
        order_id,
        user_id,
        product_id,
        {{ text_list(demo.locations) }}[1 + location_number] as location_id,
        coupon_id,
        '{{ demo.currency }}' as currency,
        {{ text_list(['web', 'app', 'store']) }}[1 + channel_number] as sales_channel,
        case when is_returned then 'returned' else order_status end as order_status,
        {{ text_list([
            'alipay', 'wechat_pay', 'card', 'cash_on_delivery', 'cash'
        ]) }}[1 + payment_number] as payment_method,
        cast(quantity as decimal(18, 3)) as quantity,
        unit_price,
        {{ money('discount_cents') }} as discount_amount,
        {{ money('coupon_cents') }} as coupon_amount,
        {{ money('quantity * price_cents - discount_cents - coupon_cents') }}
            as net_amount,
        ordered_at,
        case
            when is_returned then {{ seconds_after(
                'changed_at', '86400 * (2 + 7 * ' ~ uniform(demo, 'return day', key)
                ~ ')'
            ) }}
            else changed_at
        end as updated_at
    from charged
{%- endmacro %}
