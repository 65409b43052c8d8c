-- one row per planned offer and user: chances, money and costs that a value is made of
with

offers as (select * from {{ ref('plan_offers') }}),
campaigns as (select * from {{ ref('plan_send_dates') }}),
scores as (select * from {{ ref('dec_offer_scores') }}),

uplift as (
    select * from {{ ref('user_uplift') }}
    where uplift_status = 'estimated'
),

-- what a point costs, less those that lapse
points as (select cost_per_point from {{ ref('mbr_point_cost') }}),

-- value of an order
habits as (
    select
        user_id,
        value_per_order,
        margin_share
    from {{ ref('user_value') }}
    where horizon_days = {{ var('value_horizons') | min }} and value_per_order > 0
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

panel as (
    select
        features.offer_id,
        features.user_id,
        windows.first_order_id,
        features.days_since_last_covered,
        features.covered_amount,
        features.covered_line_count,
        windows.order_count_364d / nullif(cast(windows.line_count_364d as double), 0)
            as orders_per_line,
        features.covered_amount / nullif(features.covered_day_count, 0)
            as covered_day_amount
    from scoring
    inner join {{ ref('ftr_user_offer__snapshot') }} as features
        on scoring.as_of_date = features.as_of_date
    inner join {{ ref('ftr_user__windows') }} as windows
        on
            features.user_id = windows.user_id
            and features.as_of_date = windows.as_of_date
),

-- both events over one window
baseline as (
    select
        covered.offer_id,
        covered.user_id,
        covered.window_days,
        covered.probability as baseline_covered_probability,
        greatest(covered.probability, orders.probability) as baseline_order_probability
    from scoring
    inner join {{ ref('dec_baseline_demand') }} as covered
        on
            scoring.as_of_date = covered.as_of_date
            and covered.event_name = 'covered purchase'
    inner join {{ ref('dec_baseline_demand') }} as orders
        on
            covered.user_id = orders.user_id
            and covered.window_days = orders.window_days
            and covered.as_of_date = orders.as_of_date
            and orders.event_name = 'order'
),

-- users who never bought the products are expected to spend as others do
measured as (
    select
        baseline.*,
        offers.campaign_id,
        panel.first_order_id,
        scores.estimator_version,
        scores.score,
        scores.response_probability,
        case when scores.response_probability is not null then uplift.buying_uplift end
            as buying_uplift,
        offers.discount_kind,
        offers.discount_value,
        offers.funded_share,
        offers.cost_per_redemption,
        campaigns.contact_cost,
        coalesce(points.cost_per_point, 0) as cost_per_point,
        panel.days_since_last_covered,
        greatest(habits.value_per_order, coalesce(offers.minimum_basket_amount, 0))
            as order_amount,
        habits.margin_share,
        coalesce(
            panel.covered_day_amount,
            round(
                avg(panel.covered_day_amount) over (partition by baseline.offer_id), 6
            ),
            0
        ) as covered_amount,
        round(
            sum(panel.covered_amount) over (partition by baseline.offer_id)
            / nullif(
                sum(panel.covered_line_count) over (partition by baseline.offer_id), 0
            ), 6
        ) as covered_line_amount,
        panel.orders_per_line
    from baseline
    inner join offers on baseline.offer_id = offers.offer_id
    inner join campaigns on offers.campaign_id = campaigns.campaign_id
    inner join panel
        on baseline.offer_id = panel.offer_id and baseline.user_id = panel.user_id
    inner join habits on baseline.user_id = habits.user_id
    left join points on offers.discount_kind = 'points'
    left join scores
        on baseline.offer_id = scores.offer_id and baseline.user_id = scores.user_id
    left join uplift
        on baseline.offer_id = uplift.offer_id and baseline.user_id = uplift.user_id
),

-- without a response to go by, all who would order might redeem
costed as (
    select
        *,
        order_amount * margin_share as order_margin,
        least(covered_amount, order_amount) * margin_share as covered_margin,
        -- what is redeemed takes the place of a usual line of the order
        cast(discount_kind <> 'none' as int) * coalesce(
            (covered_line_amount - order_amount * orders_per_line) * margin_share, 0
        ) as swapped_margin,
        (1 - funded_share) * case discount_kind
            when 'amount' then discount_value
            when 'share' then discount_value * covered_amount
            when 'points' then discount_value * cost_per_point * covered_amount
            else 0
        end + cost_per_redemption as redemption_cost,
        round(
            contact_cost
            + coalesce(response_probability, baseline_order_probability)
            * redemption_cost, 6
        ) as expected_cost,
        case
            when buying_uplift is not null then 'uplift'
            when response_probability is not null then 'unmeasured'
            else 'unknown'
        end as value_basis
    from measured
)

select * from costed
