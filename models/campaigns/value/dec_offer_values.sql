-- one row per planned offer and user: what contacting the user is worth
{% set reading = var('value_reading') -%}
{% set reach = normal_reach(var('forecast_level')) -%}
{# from all new purchases in orders that come anyway, to all in orders of their own #}
{% set readings = {'low': 0, 'chosen': reading, 'high': 1} -%}
with

chances as (
    select
        chances.*,
        effects.effect_error
    from {{ ref('dec_offer_chances') }} as chances
    cross join {{ ref('dec_effect_error') }} as effects
),

-- uplift: an order. Otherwise a purchase of what the offer covers: of responses, the
-- share that would not have bought lies between the bounds of Frechet
bounded as (
    select
        *,
        case
            when value_basis = 'uplift' then baseline_order_probability
            else baseline_covered_probability
        end as baseline_probability,
        case
            when value_basis = 'unknown' then 0
            else greatest(response_probability - baseline_covered_probability, 0)
        end as covered_low,
        least(coalesce(response_probability, 1), 1 - baseline_covered_probability)
            as covered_high,
        covered_low
        + case when value_basis = 'unknown' then 0 else {{ reading }} end
        * (covered_high - covered_low) as covered_chosen,
        {% for name, sign in {'low': -1, 'chosen': 0, 'high': 1}.items() -%}
            case
                when value_basis = 'uplift'
                    then
                        greatest(
                            least(
                                buying_uplift + {{ sign }} * {{ reach }} * effect_error,
                                1 - baseline_order_probability
                            ),
                            -baseline_order_probability
                        )
                else covered_{{ name }}
            end as increment_{{ name }},
        {% endfor -%}
        greatest(case when value_basis = 'uplift' then increment_chosen end, 0) as gain
    from chances
),

-- some of those whom a contact moves would have ordered anyway: they order once more,
-- which the chance of an order does not show. As many as among all, by their gains;
-- chances beyond .95 are not known so well
shown as (
    select
        *,
        coalesce(
            round(
                sum(gain) over (partition by offer_id) / nullif(
                    sum(gain * greatest(1 - baseline_order_probability, 0.05))
                        over (partition by offer_id), 0
                ), 6
            ), 1
        ) as orders_per_gain
    from bounded
),

-- of new covered purchases, how many are orders of their own: the same bounds
ordered as (
    select
        {% for name, weight in readings.items() -%}
            case
                when value_basis = 'uplift' and increment_{{ name }} > 0
                    then least(increment_{{ name }} * orders_per_gain, 1)
                when value_basis = 'uplift' then increment_{{ name }}
                else
                    (1 - {{ weight }}) * greatest(
                        increment_{{ name }}
                        - (baseline_order_probability - baseline_covered_probability),
                        0
                    )
                    + {{ weight }} * greatest(
                        least(increment_{{ name }}, 1 - baseline_order_probability), 0
                    )
            end as new_orders_{{ name }},
        {% endfor -%}
        *
    from shown
),

-- a contact that brings no purchase earns nothing, whatever a margin's sign
valued as (
    select
        {% for name in readings -%}
            new_orders_{{ name }} * order_margin
            + case
                when value_basis = 'uplift' then covered_{{ name }} * swapped_margin
                else (increment_{{ name }} - new_orders_{{ name }}) * covered_margin
            end as margin_of_{{ name }},
            case
                when increment_{{ name }} > 0 then margin_of_{{ name }}
                else least(margin_of_{{ name }}, 0)
            end as incremental_margin_{{ name }},
        {% endfor -%}
        *
    from ordered
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
        baseline_probability,
        round(baseline_probability + increment_chosen, 6) as contacted_probability,
        round(increment_low, 6) as increment_low,
        round(increment_high, 6) as increment_high,
        round(order_margin, 6) as order_margin,
        round(redemption_cost, 6) as redemption_cost,
        expected_cost,
        round(incremental_margin_chosen, 6) as incremental_margin,
        round(incremental_margin_chosen - expected_cost, 6) as expected_margin,
        {% for name, side in {'low': 'least', 'high': 'greatest'}.items() -%}
            round(
                {{ side }}(
                    incremental_margin_low,
                    incremental_margin_chosen,
                    incremental_margin_high
                ) - expected_cost, 6
            ) as margin_{{ name }},
        {% endfor -%}
        days_since_last_covered,
        -- no user of the campaign has a value to choose by
        not {{ dbt.bool_or("value_basis <> 'unknown' and score is not null") }}
            over (partition by campaign_id) as is_exploratory
    from valued
    qualify is_exploratory or value_basis <> 'unknown'
)

select * from rounded
