-- one row per user and horizon: expected orders and margin, as of the scoring date
with

users as (select * from {{ ref('users') }}),
forecasts as (select * from {{ ref('ml_user__value') }}),
purchases as (select * from {{ ref('ftr_user__purchases') }}),

as_of_dates as (
    select * from {{ ref('as_of_dates') }}
    where is_scoring_date
),

horizons as (
    {% for days in var('value_horizons') -%}
        select cast({{ days }} as bigint) as horizon_days
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

joined as (
    select
        users.user_id,
        forecasts.estimator_name,
        forecasts.estimator_version,
        case when forecasts.user_id is null then 'no order yet' else 'valued' end
            as value_status,
        forecasts.fitted_on,
        purchases.margin_basis,
        horizons.horizon_days,
        forecasts.probability_alive,
        forecasts.value_per_order,
        purchases.margin_share,
        forecasts.expected_orders,
        forecasts.orders_low,
        forecasts.orders_high,
        forecasts.expected_amount * purchases.margin_share as expected_margin,
        -- users who buy below cost lose more with each purchase
        least(
            forecasts.amount_low * purchases.margin_share,
            forecasts.amount_high * purchases.margin_share
        ) as margin_low,
        greatest(
            forecasts.amount_low * purchases.margin_share,
            forecasts.amount_high * purchases.margin_share
        ) as margin_high,
        as_of_dates.as_of_date
    from users
    cross join as_of_dates
    cross join horizons
    left join forecasts
        on
            users.user_id = forecasts.user_id
            and horizons.horizon_days = forecasts.horizon_days
            -- an earlier fit can still score; an earlier forecast is out of date
            and as_of_dates.as_of_date = cast(forecasts.as_of_date as date)
    left join purchases
        on
            users.user_id = purchases.user_id
            and as_of_dates.as_of_date = purchases.as_of_date
)

select * from joined
