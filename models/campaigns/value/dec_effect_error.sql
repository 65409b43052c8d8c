-- one row per shop: how far a new campaign's effect may be from the measured one
{#
    The random-effects estimate of DerSimonian and Laird (1986), over the campaigns that
    uplift is learnt from: the standard error of their mean effect on buying, and the
    spread between campaigns beyond chance.
-#}
with

arms as (
    select
        offer_id,
        arm,
        count(*) as user_count,
        -- nobody and everybody leave some doubt, too
        (sum(buying_outcome) + 0.5) / (count(*) + 1) as rate
    from {{ ref('lbl_user_offer__arms') }}
    where split_name = 'train' and is_over
    group by offer_id, arm
),

effects as (
    select
        treated.offer_id,
        treated.rate - control.rate as effect,
        treated.rate * (1 - treated.rate) / treated.user_count
        + control.rate * (1 - control.rate) / control.user_count as variance
    from arms as treated
    inner join arms as control
        on
            treated.offer_id = control.offer_id
            and treated.arm = 'treatment'
            and control.arm = 'control'
),

pooled as (
    select
        sum(1 / variance) as weight,
        sum(1 / power(variance, 2)) as squared_weight,
        sum(effect / variance) / sum(1 / variance) as mean_effect,
        sum(power(effect, 2) / variance) - power(mean_effect, 2) * weight
        - (count(*) - 1) as surplus
    from effects
),

spread as (
    select
        coalesce(
            round(
                sqrt(
                    1 / weight + greatest(
                        coalesce(
                            surplus / nullif(weight - squared_weight / weight, 0), 0
                        ), 0
                    )
                ), 6
            ), 0
        ) as effect_error
    from pooled
)

select * from spread
