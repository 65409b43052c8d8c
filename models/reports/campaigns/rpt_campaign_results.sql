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
        {% for end in ['low', 'high'] -%}
            case
                when rate is not null
                    then {{ wilson_end(end, 'rate', 'treated_count') }}
            end as redemption_rate_{{ end }},
        {% endfor -%}
        lift,
        lift_low,
        lift_high,
        is_trustworthy,
        is_over,
        starts_on,
        ends_on
    from rated
)

select * from laid_out
