-- one row per planned offer and user with a score: what contacting the user is worth
with

offers as (select * from {{ ref('plan_offers') }}),
campaigns as (select * from {{ ref('plan_send_dates') }}),
scores as (select * from {{ ref('dec_offer_scores') }}),

uplift as (
    select * from {{ ref('user_uplift') }}
    where uplift_status = 'estimated'
),

-- baseline demand, and the value of an order
habits as (
    select
        user_id,
        value_per_order,
        margin_share,
        expected_orders / horizon_days as orders_per_day
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
        features.covered_day_count_182d
        / cast(least(greatest(windows.days_since_first_order, 1), 182) as double)
            as covered_per_day,
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

-- users who never bought the products are expected to spend as others do
measured as (
    select
        scores.offer_id,
        offers.campaign_id,
        scores.user_id,
        panel.first_order_id,
        scores.estimator_version,
        offers.discount_kind,
        scores.score,
        scores.response_probability,
        uplift.buying_uplift,
        offers.discount_value,
        offers.funded_share,
        offers.cost_per_redemption,
        campaigns.contact_cost,
        panel.days_since_last_covered,
        greatest(habits.value_per_order, coalesce(offers.minimum_basket_amount, 0))
            as order_amount,
        habits.margin_share,
        coalesce(
            panel.covered_day_amount,
            avg(panel.covered_day_amount) over (partition by scores.offer_id),
            0
        ) as covered_amount,
        1 - exp(-greatest(habits.orders_per_day, 0) * campaigns.days_left)
            as baseline_order_probability,
        1 - exp(-panel.covered_per_day * campaigns.days_left)
            as baseline_covered_probability
    from scores
    inner join offers on scores.offer_id = offers.offer_id
    inner join campaigns on offers.campaign_id = campaigns.campaign_id
    inner join panel
        on scores.offer_id = panel.offer_id and scores.user_id = panel.user_id
    inner join habits on scores.user_id = habits.user_id
    left join uplift
        on scores.offer_id = uplift.offer_id and scores.user_id = uplift.user_id
),

costed as (
    select
        *,
        order_amount * margin_share as order_margin,
        least(covered_amount, order_amount) * margin_share as covered_margin,
        (1 - funded_share) * case discount_kind
            when 'amount' then discount_value
            when 'share' then discount_value * covered_amount
            else 0
        end + cost_per_redemption as redemption_cost
    from measured
),

-- uplift, where a randomised control group measured it. Otherwise new orders of
-- responders count in full, baseline orders only the extra items the offer covers
valued as (
    select
        *,
        case when buying_uplift is not null then 'uplift' else 'response' end
            as value_basis,
        coalesce(
            buying_uplift * order_margin,
            response_probability * (
                (1 - baseline_order_probability) * order_margin
                + baseline_order_probability
                * (1 - baseline_covered_probability) * covered_margin
            )
        ) as incremental_margin,
        contact_cost + response_probability * redemption_cost as expected_cost
    from costed
),

rounded as (
    select
        offer_id,
        campaign_id,
        user_id,
        first_order_id,
        estimator_version,
        value_basis,
        score,
        response_probability,
        baseline_order_probability,
        baseline_covered_probability,
        round(order_margin, 6) as order_margin,
        round(redemption_cost, 6) as redemption_cost,
        round(expected_cost, 6) as expected_cost,
        round(incremental_margin, 6) as incremental_margin,
        round(incremental_margin - expected_cost, 6) as expected_margin,
        days_since_last_covered
    from valued
)

select * from rounded
