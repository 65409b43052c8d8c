{#
    Working table: one row per person who ever buys. The first `users` of them register;
    the others stay guests for ever. `entry_day` is the first day a person may buy,
    `signup_day` when they register: one in six buys as a guest before that.
#}
{% macro demo_shop__persons(demo) -%}
    {%- set key = ['person_number'] -%}
    with

    numbered as (
        select
            cast(person_number as bigint) as person_number,
            person_number < {{ demo.users }} as is_registered
        from range({{ demo.users + demo.users // 10 }}) as persons (person_number)
    ),

    entered as (
        select
            *,
            -- two fifths were there before the data begins, at its default length
            cast(floor(
                -360 + {{ uniform(demo, 'entry', key) }} * {{ demo.horizon_days + 360 }}
            ) as integer) as entry_day,
            least(2, cast(floor(
                3 * (0.8 * {{ uniform(demo, 'sensitivity', key) }}
                    + 0.2 * {{ uniform(demo, 'sensitivity shift', key) }})
            ) as integer)) as class_number,
            {{ draw_number(demo, 'city', key, demo_shop_cities() | length) }}
                as city_number,
            {{ uniform(demo, 'fraudster', key) }} < 0.006 and is_registered
                as may_cheat
        from numbered
    ),

    settled as (
        select
            *,
            case
                when {{ uniform(demo, 'guest first', key) }} < 0.17
                    then least(
                        {{ demo.horizon_days - 1 }},
                        entry_day + 15
                        + {{ draw_number(demo, 'guest days', key, 60) }}
                    )
                else entry_day
            end as signup_day,
            -- only new accounts cheat
            may_cheat and entry_day >= 0 as is_fraudster,
            [{{ demo_shop_cities() | map(attribute='store') | join(', ') }}][
                1 + city_number
            ] as home_store
        from entered
    )

    select
        person_number,
        -- the text is made once here, not once per line
        case
            when is_registered
                then 'U' || lpad(cast(person_number + 1 as varchar), 7, '0')
        end as user_id,
        is_registered,
        is_fraudster,
        entry_day,
        signup_day,
        class_number,
        [{{ demo.sensitivities | join(', ') }}][1 + class_number] as price_sensitivity,
        city_number,
        home_store,
        -- orders on an average day while awake: 1 in 18 days for the median user
        case
            when is_fraudster then 0.01
            when not is_registered then 0.01
            else least(0.35, greatest(
                0.008, exp(ln(0.055) + 0.8 * {{ normal(demo, 'order rate', key) }})
            ))
        end as order_rate,
        -- awake for 60 days to 2 years on average, and asleep for 1 month to 2 years
        exp(-4.1 - 2.5 * {{ uniform(demo, 'lapse hazard', key) }}) as lapse_hazard,
        exp(-3.4 - 3.2 * {{ uniform(demo, 'return hazard', key) }}) as return_hazard,
        0.8 + 2.6 * {{ uniform(demo, 'basket size', key) }} as basket_scale,
        case
            when {{ uniform(demo, 'main channel', key) }} < 0.3 then 0
            when
                {{ uniform(demo, 'main channel', key) }} < 0.7 or home_store = 0
                then 1
            else 2
        end as main_channel,
        {% for number in range(1, 4) -%}
        cast(floor(
            {{ demo.categories | length }}
            * pow({{ uniform(demo, 'favourite ' ~ number, key) }}, 1.3)
        ) as integer) as favourite_{{ number }},
        {% endfor -%}
        {% for channel in demo.consent_shares -%}
        {{ uniform(demo, 'consent ' ~ channel, key) }}
            < {{ demo.consent_shares[channel] }} as consent_{{ channel }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from settled
    order by person_number
{%- endmacro %}

{#
    Working table: one row per person and spell awake, days [first_day, end_day).
    Lengths are geometric, so that waking and falling asleep have no memory, and the
    chance to lapse can be known exactly.
#}
{% macro demo_shop__spells(demo) -%}
    {%- set key = ['person_number', 'spell_number'] -%}
    with

    -- the number of spells that fit is bounded; a person past it sleeps on
    numbered as (
        select
            person_number,
            class_number,
            order_rate,
            lapse_hazard,
            return_hazard,
            entry_day,
            unnest(range({{ 5 + demo.horizon_days // 100 }})) as spell_number
        from demo_shop_persons
    ),

    timed as (
        select
            *,
            {{ draw_waiting_days(demo, 'awake', key, 'lapse_hazard') }} as awake_days,
            {{ draw_waiting_days(demo, 'asleep', key, 'return_hazard') }} as asleep_days
        from numbered
    ),

    laid_out as (
        select
            person_number,
            class_number,
            order_rate,
            entry_day + coalesce(
                sum(awake_days + asleep_days) over (
                    partition by person_number
                    order by spell_number
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as first_day,
            awake_days
        from timed
    )

    select
        person_number,
        class_number,
        order_rate,
        cast(greatest(0, first_day) as integer) as first_day,
        cast(least({{ demo.days + 1 }}, first_day + awake_days) as integer) as end_day
    from laid_out
    where first_day <= {{ demo.days }} and first_day + awake_days > 0
    order by person_number, first_day
{%- endmacro %}

{# One row per user, as the contract names them. #}
{% macro demo_shop__users(demo) -%}
    {%- set key = ['person_number'] -%}
    with

    named as (
        select
            *,
            city_number < 6 as is_chinese,
            1946 + cast(floor(
                62 * sqrt({{ uniform(demo, 'birth year', key) }})
            ) as integer) as birth_year,
            {{ draw_word(demo, 'gender', key,
                ['female', 'female', 'female', 'male', 'male', 'other']) }} as gender,
            {{ draw_number(demo, 'family name', key, 16) }} as family_number,
            {{ draw_number(demo, 'given name', key, 16) }} as given_number
        from demo_shop_persons
        where is_registered and signup_day < {{ demo.days }}
    )

    select
        user_id,
        lower(
            case
                when is_chinese then ({{ text_list(demo.words.chinese_given_latin) }})[
                    1 + given_number
                ] || '.' || ({{ text_list(demo.words.chinese_family_latin) }})[
                    1 + family_number
                ]
                else 'customer'
            end
        ) || '.' || cast(person_number + 1 as varchar) || '@example.com' as email,
        case when is_chinese then '+86 1' else '+41 7' end || lpad(
            cast({{ draw_number(demo, 'phone', key, 1000000000) }} as varchar), 9, '0'
        ) as phone,
        case
            when is_chinese
                then ({{ text_list(demo.words.chinese_family) }})[1 + family_number]
                    || ({{ text_list(demo.words.chinese_given) }})[1 + given_number]
            else ({{ text_list(demo.words.western_given) }})[1 + given_number]
                || ' ' || ({{ text_list(demo.words.western_family) }})[
                    1 + family_number
                ]
        end as full_name,
        -- one in five keeps the year to themselves
        case
            when {{ uniform(demo, 'tells birth year', key) }} < 0.8 then birth_year
        end as birth_year,
        case
            when birth_year > {{ demo.last_year }} - 25 then '19-24'
            when birth_year > {{ demo.last_year }} - 35 then '25-34'
            when birth_year > {{ demo.last_year }} - 45 then '35-44'
            when birth_year > {{ demo.last_year }} - 55 then '45-54'
            when birth_year > {{ demo.last_year }} - 65 then '55-64'
            else '65+'
        end as age_band,
        gender,
        -- who earns less watches prices more, though not always
        (['150K+', '75-99K', '50-74K', '35-49K', '15-24K'])[
            1 + class_number + {{ draw_number(demo, 'income', key, 3) }}
        ] as income_band,
        1 + {{ draw_number(demo, 'household', key, 5) }} as household_size,
        ({{ text_list(demo_shop_cities() | map(attribute='city')) }})[
            1 + city_number
        ] as city,
        ({{ text_list(demo_shop_cities() | map(attribute='region')) }})[
            1 + city_number
        ] as region,
        {{ draw_word(demo, 'acquisition', key,
            ['search', 'search', 'social', 'referral', 'store', 'ads']) }}
            as acquisition_channel,
        consent_email,
        consent_sms,
        consent_push,
        consent_ads,
        -- at night, before the first order of that day can be
        {{ seconds_after(
            demo.first_instant,
            'signup_day * 86400 + ' ~ draw_number(demo, 'signup second', key, 24000)
        ) }} as signup_at
    from named
    order by person_number
{%- endmacro %}
