-- one row per user and as-of date: visits to app and site in the days before
{% set windows = var('feature_windows').visit -%}
with

as_of_dates as (select * from {{ ref('as_of_dates') }}),
visit_days as (select * from {{ ref('ftr_user__visit_days') }}),

-- an order of the date itself or later is not known yet
past_days as (
    select
        visit_days.*,
        case
            when visit_days.next_order_date < as_of_dates.as_of_date
                then visit_days.next_order_date
        end as known_order_date,
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

flagged as (
    select
        *,
        case when known_order_date = activity_date then 1 else 0 end
            as ordering_count,
        case when known_order_date is null then cart_count - removed_count else 0 end
            as open_count
    from past_days
),

summed as (
    select
        user_id,
        {% for days in windows -%}
            {% for count in ['view_count', 'search_count', 'cart_count'] -%}
                {{ sum_within(count, days) }} as {{ count }}_{{ days }}d,
            {% endfor -%}
            {{ sum_within('1 - ordering_count', days) }}
                as looking_day_count_{{ days }}d,
        {% endfor -%}
        min(case when view_count > 0 then days_ago end) as days_since_last_view,
        min(case when cart_count > 0 then days_ago end) as days_since_last_cart,
        greatest({{ sum_within('open_count', var('cart_days')) }}, 0)
            as open_cart_count,
        sum(ordering_count) / cast(count(*) as double) as ordered_visit_share,
        sum(case when is_in_app then 1 else 0 end) / cast(count(*) as double)
            as app_visit_share,
        as_of_date
    from flagged
    group by user_id, as_of_date
)

select * from summed
