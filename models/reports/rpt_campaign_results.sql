-- one row per campaign that has contacted somebody, and metric
with

results as (
    select * from {{ ref('campaign_results') }}
    where slice_kind = 'all' and treated_count > 0
),

plan as (
    select * from {{ ref('campaign_plan') }}
    where shop = '{{ active_source() }}'
),

rated as (
    select
        results.*,
        coalesce(plan.campaign_name, results.campaign_id) as campaign_name,
        results.redeemed_count / cast(results.treated_count as double) as rate
    from results
    left join plan on results.campaign_id = plan.campaign_id
),

-- Wilson (1927): the interval of a rate, sound at 0 and 1 too
bounded as (
    select
        *,
        (rate + 1.9207294 / treated_count) / (1 + 3.8414588 / treated_count)
            as centre,
        1.959964 / (1 + 3.8414588 / treated_count) * sqrt(
            rate * (1 - rate) / treated_count
            + 0.9603647 / treated_count / treated_count
        ) as half_width
    from rated
),

laid_out as (
    select
        campaign_id,
        campaign_name,
        metric,
        measurement,
        claim,
        cast(treated_count + control_count as bigint) as user_count,
        treated_count,
        control_count,
        redeemed_count,
        round(rate, 12) as redemption_rate,
        case when rate is not null then round(greatest(centre - half_width, 0), 12) end
            as redemption_rate_low,
        case when rate is not null then round(least(centre + half_width, 1), 12) end
            as redemption_rate_high,
        lift,
        lift_low,
        lift_high,
        is_trustworthy,
        is_over,
        starts_on,
        ends_on
    from bounded
)

select * from laid_out
