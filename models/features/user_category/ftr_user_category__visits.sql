-- one row per user, category or department looked at before, and as-of date
{% set windows = var('feature_windows').visit -%}
with

as_of_dates as (
    select as_of_date
    from {{ ref('as_of_dates') }}
    where is_window_apart
),

visit_days as (select * from {{ ref('ftr_user_category__visit_days') }}),

past_days as (
    select
        visit_days.*,
        as_of_dates.as_of_date,
        {{ days_between('visit_days.activity_date', 'as_of_dates.as_of_date') }}
            as days_ago
    from as_of_dates
    inner join visit_days
        on
            as_of_dates.as_of_date > visit_days.activity_date
            and {{ days_after('as_of_dates.as_of_date', -1 * windows | max) }}
            <= visit_days.activity_date
),

summed as (
    select
        user_id,
        category_level,
        category_name,
        {% for days in windows -%}
            {% for count in ['view_count', 'cart_count'] -%}
                {{ sum_within(count, days) }} as category_{{ count }}_{{ days }}d,
            {% endfor -%}
        {% endfor -%}
        min(case when view_count > 0 then days_ago end) as days_since_category_view,
        as_of_date
    from past_days
    group by user_id, category_level, category_name, as_of_date
)

select * from summed
