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
