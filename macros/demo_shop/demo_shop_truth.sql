{#
    What no shop knows and no model reads: how the data came about. `truth` in the
    target database; a test compares estimates with it.
#}

{# One row per user: the traits behind their behaviour, and their state at the end. #}
{% macro demo_shop_truth__users(demo) -%}
    with

    lapses as (
        select
            person_number,
            max(end_day) as last_awake_day
        from demo_shop_spells
        group by person_number
    ),

    at_the_end as (
        select *
        from ({{ demo_shop_lapse_chances(demo, 0) }})
    )

    select
        persons.user_id,
        persons.order_rate,
        persons.price_sensitivity,
        persons.lapse_hazard,
        persons.return_hazard,
        at_the_end.lapse_probability,
        at_the_end.is_awake,
        -- the day they fell asleep and have not woken since; null while awake
        case
            when not at_the_end.is_awake
                then date '{{ demo.first_date }}'
                    + coalesce(lapses.last_awake_day, persons.entry_day)
        end as lapse_date
    from demo_shop_persons as persons
    inner join at_the_end on persons.user_id = at_the_end.user_id
    left join lapses on persons.person_number = lapses.person_number
    order by persons.person_number
{%- endmacro %}

{#
    One row per as-of date and user registered before it: the chance that they place no
    own order in the lapse window, given all that the generator knows, that is whether
    they are awake at the date. Orders that a campaign brings or holds back, and fraud,
    are left out.
#}
{% macro demo_shop_lapse_chances(demo, last_step) -%}
    with

    as_of_days as (
        select {{ demo.days }} - {{ var('as_of_step_days') }} * step as as_of_day
        from range({{ last_step + 1 }}) as steps (step)
        where {{ demo.days }} - {{ var('as_of_step_days') }} * step > 0
    ),

    factors as (
        select
            as_of_days.as_of_day,
            buying_days.class_number,
            avg(buying_days.buying_factor) as mean_factor
        from as_of_days
        inner join demo_shop_buying_days as buying_days
            on
                as_of_days.as_of_day <= buying_days.day
                and as_of_days.as_of_day + {{ var('lapse_horizon_days') }}
                > buying_days.day
        group by as_of_days.as_of_day, buying_days.class_number
    ),

    states as (
        select
            persons.user_id,
            persons.lapse_hazard,
            persons.return_hazard,
            least(0.95, persons.order_rate * factors.mean_factor) as daily_chance,
            spells.person_number is not null as is_awake,
            factors.as_of_day
        from demo_shop_persons as persons
        inner join factors
            on
                persons.class_number = factors.class_number
                and persons.signup_day < factors.as_of_day
        left join demo_shop_spells as spells
            on
                persons.person_number = spells.person_number
                and factors.as_of_day >= spells.first_day
                and factors.as_of_day < spells.end_day
        where persons.is_registered
    )

    select
        user_id,
        {{ no_order_probability(
            'is_awake', 'daily_chance', 'lapse_hazard', 'return_hazard',
            var('lapse_horizon_days')
        ) }} as lapse_probability,
        is_awake,
        date '{{ demo.first_date }}' + cast(as_of_day as integer) as as_of_date
    from states
{%- endmacro %}

{# The same on the grid of as-of dates that the project learns on. #}
{% macro demo_shop_truth__lapse_probabilities(demo) -%}
    {{ demo_shop_lapse_chances(demo, var('as_of_count')) }}
{%- endmacro %}

{#
    One row per campaign and user registered before it: by how much the offer, when
    sent, moves the chance to order at all while the campaign lasts, and the chance to
    redeem (nil without an offer). q is the chance of no own order in that time: an
    extra order matters only then, putting someone off only otherwise.
#}
{% macro demo_shop_truth__offer_effects(demo) -%}
    with

    offers as ({{ demo_shop__offers(demo) }}),

    judged as (
        select
            *,
            {{ no_order_probability(
                'is_awake', 'daily_chance', 'lapse_hazard', 'return_hazard',
                'length_days'
            ) }} as no_order_chance,
            {{ no_order_probability(
                'is_awake', '(daily_chance * coupon_chance)', 'lapse_hazard',
                'return_hazard', 'length_days'
            ) }} as no_coupon_order_chance
        from offers
    )

    select
        campaign_id,
        user_id,
        no_order_chance * extra_chance - (1 - no_order_chance) * put_off_chance
            as buying_effect,
        1 - (1 - {{ demo.extra_coupon_share }} * extra_chance) * no_coupon_order_chance
            as redemption_effect,
        1 - no_order_chance as buying_chance_without_offer
    from judged
{%- endmacro %}

{#
    One row per campaign and user registered before it: what sending the offer is worth,
    in orders, redemptions and money, before what the contact costs. Only made where
    campaigns are planned from outside, which asks what another plan would have earned.

    `discount_amount` is the money off of a redemption; `swapped_margin` is won, or lost,
    because the line that the coupon is for takes the place of another.
#}
{% macro demo_shop_truth__offer_values(demo) -%}
    with

    offers as ({{ demo_shop__offers(demo) }}),

    sold as (
        select
            visits.class_number,
            assortment.category_number,
            cast(lines.net_amount + lines.coupon_amount as double) as paid_amount,
            case
                when lines.order_status in ('cancelled', 'returned') then 0
                else cast(lines.net_amount + lines.coupon_amount as double)
                    - cast(lines.quantity as double) * assortment.cost_cents / 100
            end as margin
        from read_parquet('{{ demo.folder }}/transactions.parquet') as lines
        inner join demo_shop_visits as visits on lines.order_id = visits.order_id
        inner join demo_shop_assortment as assortment
            on lines.product_id = assortment.product_id
        where visits.fraud_number = 0 and assortment.product_kind = 'goods'
    ),

    categories as (
        select
            category_number,
            class_number,
            avg(margin) as line_margin
        from sold
        group by category_number, class_number
    ),

    coupons as (
        select
            coupons.coupon_number,
            sold.class_number,
            avg(case
                when coupons.face_cents is not null
                    then least(coupons.face_cents / 100, sold.paid_amount)
                else coupons.discount_share * sold.paid_amount
            end) as discount_amount,
            avg(sold.margin) as line_margin
        from demo_shop_coupon_plan as coupons
        inner join sold on coupons.category_number = sold.category_number
        group by coupons.coupon_number, sold.class_number
    ),

    -- as lines are drawn: three favourites, then whatever
    habits as (
        select
            persons.person_number,
            persons.class_number,
            1 + list_sum([exp(-line / persons.basket_scale) for line in range(1, 12)])
                as lines_per_order,
            sum(categories.line_margin * (
                case persons.favourite_1 when categories.category_number
                    then 0.26 else 0 end
                + case persons.favourite_2 when categories.category_number
                    then 0.20 else 0 end
                + case persons.favourite_3 when categories.category_number
                    then 0.14 else 0 end
                + {{ 0.40 / (demo.categories | length) }}
            )) as line_margin
        from demo_shop_persons as persons
        inner join categories on persons.class_number = categories.class_number
        group by persons.person_number, persons.class_number, persons.basket_scale
    ),

    expected as (
        select
            *,
            -- days awake of the two-state chain of no_order_probability
            daily_chance * (
                length_days * return_hazard
                + (
                    cast(is_awake as integer)
                    - return_hazard / (lapse_hazard + return_hazard)
                ) * (1 - pow(1 - lapse_hazard - return_hazard, length_days))
            ) / (lapse_hazard + return_hazard) as own_orders
        from offers
    )

    select
        expected.campaign_id,
        expected.user_id,
        expected.own_orders,
        expected.extra_chance - expected.put_off_chance * expected.own_orders
            as order_effect,
        {{ demo.extra_coupon_share }} * expected.extra_chance
        + expected.coupon_chance * expected.own_orders as redemption_count,
        habits.lines_per_order * habits.line_margin as order_margin,
        coupons.discount_amount,
        coupons.line_margin - habits.line_margin as swapped_margin
    from expected
    inner join habits on expected.person_number = habits.person_number
    inner join coupons
        on
            expected.coupon_number = coupons.coupon_number
            and habits.class_number = coupons.class_number
    order by expected.campaign_number, expected.person_number
{%- endmacro %}

{# One row per category: per cent more units per one per cent less price, for a user of
   price sensitivity 1; another's is this times their sensitivity. #}
{% macro demo_shop_truth__elasticities(demo) -%}
    select distinct
        category,
        -elasticity as elasticity
    from demo_shop_assortment
    where product_kind = 'goods'
    order by category
{%- endmacro %}

{# One row per order of a fraudster. #}
{% macro demo_shop_truth__fraudulent_orders(demo) -%}
    select
        order_id,
        ['burst', 'coupon_abuse'][fraud_number] as fraud_kind
    from demo_shop_visits
    where fraud_number > 0
    order by order_id
{%- endmacro %}

{# One row per order without a user, whose buyer registered later. #}
{% macro demo_shop_truth__guest_orders(demo) -%}
    select
        visits.order_id,
        persons.user_id
    from demo_shop_visits as visits
    inner join demo_shop_persons as persons
        on visits.person_number = persons.person_number
    where visits.is_order and persons.is_registered and visits.user_id is null
    order by visits.order_id
{%- endmacro %}

{# One row: what the shop was made of, and how many rows each file got. #}
{% macro demo_shop_truth__parameters(demo, row_counts) -%}
    select
        {{ demo.users }}::bigint as users,
        {{ demo.days }}::bigint as days,
        {{ demo.seed }}::bigint as seed,
        date '{{ demo.first_date }}' as first_date,
        date '{{ demo.first_date }}' + {{ demo.days - 1 }} as last_date,
        {% for name in row_counts -%}
        {{ row_counts[name] }}::bigint as {{ name }}_rows{{ ',' if not loop.last }}
        {% endfor %}
{%- endmacro %}
