{# Working table: one row per day and price sensitivity; how much more than on an
   average day is bought. It reaches past the last day, for truth about the future. #}
{% macro demo_shop__buying_days(demo) -%}
    with

    days as (
        select
            cast(day as integer) as day,
            date '{{ demo.first_date }}' + cast(day as integer) as calendar_date
        from range({{ demo.days + 60 }}) as days (day)
    ),

    festivals as ({{ demo_shop_festivals() }}),

    dressed as (
        select
            days.day,
            days.calendar_date,
            [0.92, 0.90, 0.92, 0.95, 1.05, 1.18, 1.12][isodow(calendar_date)]
            * [1.04, 0.92, 0.97, 0.98, 1.0, 1.02, 0.95, 0.95, 1.0, 1.02, 1.1, 1.08][
                month(calendar_date)
            ] as season,
            coalesce(festivals.boost, 1) as boost
        from days
        left join festivals on days.calendar_date = festivals.festival_date
    )

    -- whoever watches prices waits for the festivals
    select
        day * {{ demo.sensitivities | length }} + class_number as buying_day_number,
        day,
        class_number,
        boost > 1 as is_festival,
        season * pow(boost, sensitivity) as buying_factor
    from dressed
    cross join (
        values
        {% for sensitivity in demo.sensitivities -%}
        ({{ loop.index0 }}, {{ sensitivity }}){{ ', ' if not loop.last }}
        {%- endfor %}
    ) as classes (class_number, sensitivity)
    order by buying_day_number
{%- endmacro %}
