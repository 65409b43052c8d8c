-- one row per ranked user, product viewed or moved in the cart before, and as-of date
{% set windows = var('feature_windows').visit -%}
with

users as (
    select * from {{ ref('ftr_user_product__users') }}
    where is_ranked
),

visit_days as (select * from {{ ref('ftr_user_product__visit_days') }}),

past_days as (
    select
        visit_days.*,
        users.as_of_date,
        {{ days_between('visit_days.activity_date', 'users.as_of_date') }} as days_ago
    from users
    inner join visit_days
        on
            users.user_id = visit_days.user_id
            and users.as_of_date > visit_days.activity_date
            and {{ days_after('users.as_of_date', -1 * windows | max) }}
            <= visit_days.activity_date
),

summed as (
    select
        user_id,
        product_id,
        {% for days in windows -%}
            {% for count in ['view_count', 'cart_count'] -%}
                {{ sum_within(count, days) }} as product_{{ count }}_{{ days }}d,
            {% endfor -%}
        {% endfor -%}
        min(case when view_count > 0 then days_ago end) as days_since_product_view,
        min(
            case
                when
                    is_in_cart
                    and days_ago <= {{ var('cart_days') }}
                    and coalesce(in_cart_until_date, as_of_date) >= as_of_date
                    then days_ago
            end
        ) as days_in_cart,
        as_of_date
    from past_days
    group by user_id, product_id, as_of_date
)

select * from summed
