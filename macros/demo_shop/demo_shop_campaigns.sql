{#
    Working table: one row per campaign. A past one starts every 42 days and has ended
    before the next; two are open at the end of the data, with audiences apart, so that
    a user has at most one offer at a time and each effect is its campaign's alone.
    With a plan, its campaigns follow in place of the two that are open.
#}
{% macro demo_shop__campaign_plan(demo) -%}
    {%- set key = ['campaign_number'] -%}
    {%- set past = [0, (demo.history_days - 24) // 42] | max -%}
    with

    numbered as (
        select
            campaign_number,
            campaign_number >= {{ past }} as is_open,
            14 + 42 * campaign_number + {{ draw_number(demo, 'start', key, 6) }}
                as planned_day,
            21 + {{ draw_number(demo, 'length', key, 13) }} as planned_length
        from (
            select cast(campaign_number as integer) as campaign_number
            from range({{ past + (0 if demo.has_plan else 2) }})
                as campaigns (campaign_number)
        )
    ),

    dated as (
        select
            campaign_number,
            is_open,
            case
                when not is_open then planned_day
                when campaign_number = {{ past }} then {{ demo.days - 10 }}
                else {{ demo.days - 3 }}
            end as start_day,
            case when is_open then 28 else planned_length end as length_days,
            -- coupons are the most frequent
            ['coupon', 'push_ad', 'coupon', 'member_activity'][
                1 + campaign_number % 4
            ] as campaign_type,
            ['email', 'push', 'sms', 'email', 'email', 'ads', 'sms', 'push'][
                1 + campaign_number % 8
            ] as channel,
            case when is_open then campaign_number = {{ past }}
                else campaign_number % 3 != 1 end as is_randomised,
            {{ draw_number(demo, 'first category', key, demo.categories | length) }}
                as first_category
        from numbered
    ),

    own as (
        select
            *,
            false as is_planned,
            'C' || lpad(cast(campaign_number + 1 as varchar), 2, '0') as campaign_id,
            (first_category + 1
                + {{ draw_number(demo, 'second category', key,
                    (demo.categories | length) - 1) }})
            % {{ demo.categories | length }} as second_category,
            -- money off, or a share of the price off
            case when campaign_number % 3 < 2 then
                [800, 1200, 2000][1 + {{ draw_number(demo, 'face value', key, 3) }}]
            end as face_cents,
            case when campaign_number % 3 = 2 then
                [0.15, 0.2, 0.25][1 + {{ draw_number(demo, 'share off', key, 3) }}]
            end as discount_share
        from dated
    )

    {% if demo.has_plan -%}
    , categories (category, category_number) as (
        values
        {% for category in demo.categories -%}
        ('{{ category.category }}', {{ loop.index0 }}){{ ', ' if not loop.last }}
        {%- endfor %}
    ),

    -- each has one coupon, for one category
    planned as (
        select
            cast({{ past }} - 1 + row_number() over (
                order by plan.start_day, plan.campaign_id
            ) as integer) as campaign_number,
            false as is_open,
            cast(plan.start_day as integer) as start_day,
            cast(plan.length_days as integer) as length_days,
            plan.campaign_type,
            plan.channel,
            true as is_randomised,
            categories.category_number as first_category,
            true as is_planned,
            plan.campaign_id,
            categories.category_number as second_category,
            cast(plan.face_cents as integer) as face_cents,
            plan.discount_share
        from read_parquet('{{ demo.plan }}/campaigns.parquet') as plan
        inner join categories on plan.category = categories.category
    )
    {%- endif %}

    select
        *,
        start_day + length_days as end_day,
        case campaign_type when 'coupon' then 1.15 when 'push_ad' then 0.8 else 1 end
            as strength
    from (
        from own
        {{ 'union all by name from planned' if demo.has_plan }}
    )
    order by campaign_number
{%- endmacro %}

{# One row per campaign, as the contract names them. #}
{% macro demo_shop__campaigns(demo) -%}
    select
        campaign_id,
        campaign_type,
        case when is_randomised then 'broad' else 'best customers' end
            as campaign_class,
        channel,
        is_randomised,
        date '{{ demo.first_date }}' + start_day as starts_on,
        -- the last day on which its coupons count
        date '{{ demo.first_date }}' + (end_day - 1) as ends_on
    from demo_shop_campaign_plan
    -- one that is planned for later is not in the data yet
    where start_day < {{ demo.days }}
    order by campaign_number
{%- endmacro %}

{#
    One row per campaign and user registered before it: what its offer would do to the
    user, contacted or not, and whether they are contacted.

    `extra_chance`: of one order more than they would have placed, half the time
    with the coupon.
    `coupon_chance`: of using the coupon in an order they would have placed anyway.
    `put_off_chance`: of placing none of their own orders while it lasts.
#}
{% macro demo_shop__offers(demo) -%}
    {%- set key = ['campaign_number', 'person_number'] -%}
    with

    mean_factors as (
        select
            campaigns.campaign_number,
            buying_days.class_number,
            avg(buying_days.buying_factor) as mean_factor
        from demo_shop_campaign_plan as campaigns
        inner join demo_shop_buying_days as buying_days
            on
                campaigns.start_day <= buying_days.day
                and campaigns.end_day > buying_days.day
        group by campaigns.campaign_number, buying_days.class_number
    ),

    reached as (
        select
            campaigns.campaign_number,
            campaigns.campaign_id,
            campaigns.channel,
            campaigns.start_day,
            campaigns.end_day,
            campaigns.length_days,
            campaigns.strength,
            campaigns.is_open,
            campaigns.is_randomised,
            campaigns.is_planned,
            campaigns.first_category,
            campaigns.second_category,
            persons.person_number,
            persons.user_id,
            persons.class_number,
            persons.price_sensitivity,
            persons.order_rate,
            persons.lapse_hazard,
            persons.return_hazard,
            persons.signup_day,
            persons.is_fraudster,
            [persons.favourite_1, persons.favourite_2, persons.favourite_3]
                as favourites,
            case campaigns.channel
                {% for channel in demo.consent_shares -%}
                when '{{ channel }}' then persons.consent_{{ channel }}
                {% endfor -%}
            end as has_consent
        from demo_shop_persons as persons
        cross join demo_shop_campaign_plan as campaigns
        where persons.is_registered and persons.signup_day < campaigns.start_day
    ),

    observed as (
        select
            reached.*,
            spells.person_number is not null as is_awake,
            reached.first_category in reached.favourites
            or reached.second_category in reached.favourites as is_to_taste,
            least(0.95, reached.order_rate * mean_factors.mean_factor) as daily_chance,
            reached.class_number = 0
            and {{ uniform(demo, 'dislikes ads', ['reached.person_number']) }} < 0.35
                as is_sleeping_dog,
            {{ uniform(demo, 'ignores ads', ['reached.person_number']) }} < 0.15
                as is_immune
        from reached
        inner join mean_factors
            on
                reached.campaign_number = mean_factors.campaign_number
                and reached.class_number = mean_factors.class_number
        left join demo_shop_spells as spells
            on
                reached.person_number = spells.person_number
                and reached.start_day >= spells.first_day
                and reached.start_day < spells.end_day
    ),

    persuaded as (
        select
            *,
            case
                when is_sleeping_dog or is_immune then 0
                else least(0.7, strength
                    * case when is_awake then 1 else 0.5 end
                    * (
                        0.01
                        + 0.13 * price_sensitivity
                        + case when is_to_taste then 0.22 else 0 end
                    )
                    -- what nobody sees
                    * (0.4 + 1.2 * {{ uniform(demo, 'mood', key) }}))
            end as extra_chance,
            case
                when is_sleeping_dog then 0
                when is_immune then 0.005
                else least(0.6, strength * (
                    0.02 * price_sensitivity
                    + case when is_to_taste then 0.07 else 0 end
                ))
            end as coupon_chance,
            case when is_sleeping_dog then 0.25 else 0 end as put_off_chance
        from observed
    ),

    invited as (
        select
            *,
            not is_planned
            and has_consent
            and not is_fraudster
            -- the two open campaigns share no user
            and (not is_open or person_number % 2 = campaign_number % 2)
            and case
                when is_randomised
                    then {{ uniform(demo, 'invited', key) }}
                        < case when is_open then 0.8 else 0.45 end
                -- the best customers, which is why these arms cannot be compared
                else is_awake and order_rate > 0.05
            end as is_contacted
        from persuaded
    )

    select
        campaign_number,
        campaign_id,
        channel,
        start_day,
        end_day,
        length_days,
        first_category,
        second_category,
        person_number,
        user_id,
        case
            {% if demo.has_plan -%}
            when is_planned then decided.arm
            {% endif -%}
            when not is_contacted then null
            when is_randomised and {{ uniform(demo, 'arm', key) }} < 0.3 then 'holdout'
            else 'treatment'
        end as arm,
        extra_chance,
        coupon_chance,
        put_off_chance,
        is_awake,
        daily_chance,
        lapse_hazard,
        return_hazard,
        -- the coupon for what they like
        2 * campaign_number
        + case when first_category in favourites then 0
            when second_category in favourites then 1
            when is_planned then 0
            else {{ draw_number(demo, 'which coupon', key, 2) }} end as coupon_number
    from invited
    {% if demo.has_plan -%}
    left join read_parquet('{{ demo.plan }}/contacts.parquet') as decided
        using (campaign_id, user_id)
    {%- endif %}
{%- endmacro %}

{# Working table: one row per contacted user of a campaign, and what came of it. #}
{% macro demo_shop__responses(demo) -%}
    {%- set key = ['campaign_number', 'person_number'] -%}
    with

    offers as ({{ demo_shop__offers(demo) }})

    select
        campaign_number,
        campaign_id,
        person_number,
        user_id,
        arm,
        channel,
        start_day,
        end_day,
        coupon_number,
        coupon_chance,
        arm = 'treatment'
        and {{ uniform(demo, 'buys extra', key) }} < extra_chance as buys_extra,
        arm = 'treatment'
        and {{ uniform(demo, 'put off', key) }} < put_off_chance as is_put_off,
        -- for the rest, the message alone was reminder enough
        {{ uniform(demo, 'extra with coupon', key) }} < {{ demo.extra_coupon_share }}
            as extra_uses_coupon,
        -- most act early
        start_day + cast(floor(
            length_days * pow({{ uniform(demo, 'extra day', key) }}, 1.6)
        ) as integer) as extra_day,
        -- a few use a coupon again and again within two days
        arm = 'treatment'
        and {{ uniform(demo, 'abuses coupon', key) }} < 0.003 as abuses_coupon
    from offers
    where arm is not null and start_day < {{ demo.days }}
    order by campaign_number, person_number
{%- endmacro %}

{# One row per contacted user of a campaign, as the contract names them. #}
{% macro demo_shop__campaign_contacts(demo) -%}
    select
        campaign_id,
        user_id,
        arm,
        channel,
        'K' || lpad(cast(coupon_number + 1 as varchar), 3, '0') as offer_id,
        -- in the morning of the first day; a holdout is sent nothing
        case when arm = 'treatment' then
            {{ seconds_after(
                demo.first_instant,
                'start_day * 86400 + 25200 + ' ~ draw_number(
                    demo, 'sent', ['campaign_number', 'person_number'], 3600
                )
            ) }}
        end as sent_at
    from demo_shop_responses
    order by campaign_number, person_number
{%- endmacro %}

{# Working table: one row per coupon; two a campaign, for a category each. #}
{% macro demo_shop__coupon_plan(demo) -%}
    select
        2 * campaign_number + position as coupon_number,
        'K' || lpad(cast(2 * campaign_number + position + 1 as varchar), 3, '0')
            as coupon_id,
        campaign_id,
        case position when 0 then first_category else second_category end
            as category_number,
        start_day,
        face_cents,
        discount_share
    from demo_shop_campaign_plan
    cross join range(2) as positions (position)
    where position = 0 or not is_planned
    order by coupon_number
{%- endmacro %}

{# One row per coupon and product, as the contract names them. #}
{% macro demo_shop__coupons(demo) -%}
    select
        coupons.coupon_id,
        assortment.product_id,
        coupons.campaign_id,
        {{ money('coupons.face_cents') }} as face_value,
        cast(coupons.discount_share as double) as discount_share
    from demo_shop_coupon_plan as coupons
    inner join demo_shop_assortment as assortment
        on coupons.category_number = assortment.category_number
    where coupons.start_day < {{ demo.days }}
    order by coupons.coupon_number, assortment.product_number
{%- endmacro %}

{# One row per coupon used, as the contract names them; read back from the lines. #}
{% macro demo_shop__coupon_redemptions(demo) -%}
    select
        'R' || substr(transactions.transaction_id, 2) as redemption_id,
        transactions.user_id,
        transactions.coupon_id,
        coupons.campaign_id,
        transactions.ordered_at as redeemed_at
    from read_parquet('{{ demo.folder }}/transactions.parquet') as transactions
    inner join demo_shop_coupon_plan as coupons
        on transactions.coupon_id = coupons.coupon_id
    order by transactions.transaction_id
{%- endmacro %}
