{# Working table: one row per product, with what only the generator knows of it. #}
{% macro demo_shop__assortment(demo) -%}
    {%- set key = ['product_number'] -%}
    with

    categories as (
        {% for category in demo.categories %}
        select
            {{ loop.index0 }} as category_number,
            '{{ category.category }}' as category,
            '{{ category.department }}' as department,
            {{ text_list(category.kinds) }} as kinds,
            {{ text_list(category.sizes) }} as sizes,
            {{ category.price }} as typical_price,
            {{ category.elasticity }}::double as elasticity,
            {{ category.return_chance }}::double as return_chance,
            {{ category.single_share }}::double as single_share
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    numbered as (
        select
            *,
            cast(
                category_number * {{ demo.products_per_category }} + product_rank
                as integer
            ) as product_number
        from categories
        cross join range({{ demo.products_per_category }}) as ranks (product_rank)
    ),

    priced as (
        select
            *,
            {{ uniform(demo, 'quality', key) }} as quality,
            -- prices end in 9, as prices do
            10 * greatest(2, cast(round(
                typical_price * 10 * exp(0.45 * {{ normal(demo, 'price', key) }})
            ) as bigint)) - 1 as price_cents,
            -- one in eight of the slower products is new; no new one sells before
            case
                when product_rank >= 4 and {{ uniform(demo, 'new', key) }} < 0.15
                    then {{ draw_number(demo, 'launch', key, demo.horizon_days) }}
                else -30 - {{ draw_number(demo, 'early launch', key, 1800) }}
            end as launch_day
        from numbered
    ),

    goods as (
        select
            product_number,
            kinds[1 + product_rank % len(kinds)] as kind,
            sizes[1 + product_rank // len(kinds) % len(sizes)] as size,
            category_number,
            product_rank,
            category,
            department,
            'goods' as product_kind,
            elasticity,
            -- what is poor comes back
            return_chance * (1.6 - 1.2 * quality) as return_chance,
            single_share,
            quality,
            price_cents,
            cast(greatest(1, floor(
                price_cents * (0.42 + 0.33 * {{ uniform(demo, 'cost', key) }})
            )) as bigint) as cost_cents,
            launch_day
        from priced
    ),

    services as (
        {% for service in demo.services %}
        select
            {{ demo.categories | length * demo.products_per_category + loop.index0 }}
                as product_number,
            '{{ service.name }}' as kind,
            'per order' as size,
            {{ demo.categories | length }} as category_number,
            {{ loop.index0 }} as product_rank,
            'delivery' as category,
            'services' as department,
            'service' as product_kind,
            0.0 as elasticity,
            0.0 as return_chance,
            1.0 as single_share,
            0.5 as quality,
            {{ service.price_cents }} as price_cents,
            {{ service.cost_cents }} as cost_cents,
            -3000 as launch_day
        {{ 'union all' if not loop.last }}
        {% endfor %}
    )

    select
        *,
        'P' || lpad(cast(product_number + 1 as varchar), 4, '0') as product_id
    from (from goods union all by name from services)
    order by product_number
{%- endmacro %}

{# One row per product, as the contract names them. #}
{% macro demo_shop__products(demo) -%}
    select
        product_id,
        kind || ' ' || size as product_name,
        department,
        category,
        lower(kind) as subcategory,
        case
            when product_kind = 'goods'
                then {{ draw_word(demo, 'brand', ['product_number'],
                    demo.words.brands) }}
        end as brand,
        product_kind,
        {{ money('price_cents') }} as list_price,
        {{ money('cost_cents') }} as unit_cost,
        {{ seconds_after(
            demo.first_instant, 'cast(launch_day as bigint) * 86400'
        ) }} as launched_at
    from demo_shop_assortment
    where launch_day < {{ demo.days }}
    order by product_number
{%- endmacro %}

{#
    Working table: one row per product, location and Monday week: what was counted on
    Monday. Stock follows a saw-tooth: filled up every 4 to 8 weeks, planned too small
    for one product in three, which then is out for the last weeks before delivery.
#}
{% macro demo_shop__stock(demo) -%}
    {%- set key = ['product_number', 'location_number'] -%}
    with

    shelves as (
        select
            product_number,
            product_id,
            category_number,
            product_rank,
            product_kind,
            launch_day,
            cast(location_number as integer) as location_number,
            4 + {{ draw_number(demo, 'cycle', key, 5) }} as cycle_weeks,
            {{ draw_number(demo, 'phase', key, 8) }} as phase,
            0.65 + {{ uniform(demo, 'planning', key) }} as planned_share,
            7 * (1 + {{ draw_number(demo, 'lead time', key, 3) }}) as lead_time_days,
            -- units a week that the planner expects: 1 line a user and month
            greatest(0.5, {{ demo.users }} * 0.25 / {{ demo.categories | length }}
                * (
                    pow((product_rank + 1) / {{ demo.products_per_category }}, 0.5556)
                    - pow(product_rank / {{ demo.products_per_category }}, 0.5556)
                ) * case when location_number = 0 then 0.7 else 0.08 end
            ) as weekly_units
        from demo_shop_assortment
        cross join range({{ demo.locations | length }}) as places (location_number)
    ),

    weeks as (
        select
            cast(week_number as integer) as week_number,
            -- a festival in the week empties the shelves sooner
            coalesce(max(buying_days.buying_factor), 1) > 1.7 as is_rush
        from range({{ demo.weeks }}) as weeks (week_number)
        left join demo_shop_buying_days as buying_days
            on
                buying_days.class_number = 1
                and weeks.week_number
                = (buying_days.day + {{ demo.first_weekday }}) // 7
        group by weeks.week_number
    ),

    counted as (
        select
            shelves.*,
            weeks.week_number,
            (weeks.week_number + shelves.phase) % shelves.cycle_weeks as weeks_in_cycle,
            (weeks.week_number + shelves.phase) % shelves.cycle_weeks
            + case when weeks.is_rush then 1 else 0 end as weeks_used
        from shelves
        cross join weeks
    )

    select
        *,
        product_kind = 'goods'
        and weeks_in_cycle > 0
        and weeks_used >= cycle_weeks * planned_share as is_out,
        launch_day < 7 * week_number - {{ demo.first_weekday }} + 1 as is_launched,
        greatest(1, round(
            weekly_units * (cycle_weeks * planned_share - weeks_used)
        )) as units_left,
        case
            when weeks_in_cycle * 7 + lead_time_days >= cycle_weeks * 7
                then round(weekly_units * cycle_weeks * planned_share)
            else 0
        end as units_ordered
    from counted
    order by product_number, location_number, week_number
{%- endmacro %}

{# One row per product, location and count, as the contract names them. #}
{% macro demo_shop__stock_levels(demo) -%}
    select
        product_id,
        {{ text_list(demo.locations) }}[1 + location_number] as location_id,
        cast(case when is_out then 0 else units_left end as decimal(18, 3)) as on_hand,
        cast(units_ordered as decimal(18, 3)) as on_order,
        lead_time_days,
        -- before the shop opens on Monday
        {{ seconds_after(
            demo.first_instant,
            '(7 * week_number - ' ~ demo.first_weekday ~ ') * 86400 + 21600'
        ) }} as counted_at
    from demo_shop_stock
    where product_kind = 'goods' and is_launched
    order by product_number, location_number, week_number
{%- endmacro %}

{#
    Working table: one row per category, location and week: the product whose price is
    cut, if any, and per price sensitivity the chance that a line moves to it. The
    chance is such that the product's units, in lines and in units a line, grow by
    (1 - depth) ^ -(elasticity x sensitivity) in all.
#}
{% macro demo_shop__deals(demo) -%}
    {%- set key = ['category_number', 'week_number'] -%}
    {%- set place_key = ['category_number', 'week_number', 'location_number'] -%}
    with

    planned as (
        select
            categories.category_number,
            weeks.week_number,
            -- a deal is the chain's: the same product everywhere, most stores join
            cast(
                categories.category_number * {{ demo.products_per_category }}
                -- the popular ones, but the first
                + greatest(1, {{ product_rank(demo, uniform(
                    demo, 'deal product', key
                )) }})
                as integer
            ) as product_number,
            [0.1, 0.15, 0.2, 0.25, 0.3, 0.4][
                1 + {{ draw_number(demo, 'deal depth', key, 6) }}
            ] as depth,
            {{ uniform(demo, 'deal', key) }} < 0.85 as is_planned
        from range({{ demo.categories | length }}) as categories (category_number)
        cross join range({{ demo.weeks }}) as weeks (week_number)
    ),

    offered as (
        select
            cast(planned.category_number as integer) as category_number,
            stock.location_number,
            stock.week_number,
            planned.product_number,
            cast(round(assortment.price_cents * planned.depth) as bigint) as cut_cents,
            assortment.elasticity,
            assortment.product_rank,
            assortment.price_cents
        from planned
        inner join demo_shop_stock as stock
            on
                planned.product_number = stock.product_number
                and planned.week_number = stock.week_number
        inner join demo_shop_assortment as assortment
            on planned.product_number = assortment.product_number
        where
            planned.is_planned
            and stock.is_launched
            and not stock.is_out
            and {{ uniform(demo, 'store joins', [
                'planned.category_number', 'planned.week_number',
                'stock.location_number',
            ]) }} < 0.85
    ),

    weighed as (
        select
            *,
            -- elasticity at the exact cut, after rounding to cents
            -ln(1 - cut_cents / price_cents) * elasticity as pull,
            pow((product_rank + 1) / {{ demo.products_per_category }}, 1 / 1.8)
            - pow(product_rank / {{ demo.products_per_category }}, 1 / 1.8)
                as plain_share
        from offered
    )

    select
        (category_number * {{ demo.locations | length }} + location_number)
        * {{ demo.weeks }} + week_number as deal_key,
        category_number,
        location_number,
        week_number,
        product_number,
        cut_cents,
        pull,
        {% for sensitivity in demo.sensitivities -%}
        (
            least(0.7, plain_share * exp({{ demo.choice_share }} * {{ sensitivity }}
                * pull)) - plain_share
        ) / (1 - plain_share) as switch_chance_{{ loop.index0 }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from weighed
    order by deal_key
{%- endmacro %}

{# One row per product, location and week of a deal, as the contract names them. #}
{% macro demo_shop__promotions(demo) -%}
    {%- set key = ['product_number', 'week_number'] -%}
    select
        'P' || lpad(cast(product_number + 1 as varchar), 4, '0') as product_id,
        {{ text_list(demo.locations) }}[1 + location_number] as location_id,
        {{ draw_word(demo, 'display', key,
            ['aisle end', 'entrance', 'shelf tag', 'home page']) }} as display,
        {{ draw_word(demo, 'mailer', key,
            ['front page', 'inside', 'none']) }} as mailer,
        {{ money('cut_cents') }} as price_cut,
        date '{{ demo.first_monday }}' + 7 * week_number as week_start_date
    from demo_shop_deals
    order by product_number, location_number, week_number
{%- endmacro %}

{#
    Working table: one row per product, location and week: what a line that asks for the
    product gets. Where it is out or not launched yet, that is the next product of the
    category that is there.
#}
{% macro demo_shop__shelf(demo) -%}
    with

    stocked as (
        select
            *,
            is_out or not is_launched as is_missing,
            case when not is_out and is_launched then product_number end as sold_number
        from demo_shop_stock
    ),

    substituted as (
        select
            product_number,
            location_number,
            week_number,
            is_missing,
            coalesce(
                sold_number,
                lead(sold_number ignore nulls) over next_products,
                first_value(sold_number ignore nulls) over whole_category,
                product_number
            ) as sold_number
        from stocked
        window
            next_products as (
                partition by category_number, location_number, week_number
                order by product_number
            ),
            whole_category as (
                partition by category_number, location_number, week_number
                order by product_number
                rows between unbounded preceding and unbounded following
            )
    )

    select
        (substituted.product_number * {{ demo.locations | length }}
            + substituted.location_number) * {{ demo.weeks }}
        + substituted.week_number as shelf_key,
        assortment.product_id,
        cast(assortment.price_cents as integer) as price_cents,
        cast({{ money('assortment.price_cents') }} as decimal(18, 4)) as unit_price,
        cast(coalesce(deals.cut_cents, 0) as integer) as cut_cents,
        cast(coalesce(deals.pull, 0) as float) as pull,
        cast(assortment.return_chance as float) as return_chance,
        cast(assortment.single_share as float) as single_share,
        substituted.is_missing
    from substituted
    inner join demo_shop_assortment as assortment
        on substituted.sold_number = assortment.product_number
    left join demo_shop_deals as deals
        on
            substituted.sold_number = deals.product_number
            and substituted.location_number = deals.location_number
            and substituted.week_number = deals.week_number
    order by shelf_key
{%- endmacro %}
