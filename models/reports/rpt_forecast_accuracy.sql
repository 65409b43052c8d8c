-- one row per past campaign: what was forecast of its responses, and what came
with

forecasts as (
    select * from {{ ref('campaign_forecasts') }}
    where metric = 'responses' and forecast_value is not null
),

seen as (
    select * from {{ ref('dec_campaign_responses') }}
    where response_count is not null
),

plan as (
    select * from {{ ref('campaign_plan') }}
    where shop = '{{ active_source() }}'
),

accuracy as (
    select * from {{ ref('campaign_forecast_accuracy') }}
    where metric = 'responses'
),

joined as (
    select
        forecasts.campaign_id,
        coalesce(plan.campaign_name, forecasts.campaign_id) as campaign_name,
        seen.contact_count as user_count,
        seen.response_count,
        forecasts.forecast_value,
        forecasts.forecast_low,
        forecasts.forecast_high,
        forecasts.forecast_low <= seen.response_count
        and seen.response_count <= forecasts.forecast_high as is_covered,
        accuracy.covered_share_of_forecasts as covered_share,
        accuracy.bias_share,
        seen.starts_on
    from forecasts
    inner join seen on forecasts.campaign_id = seen.campaign_id
    left join plan on forecasts.campaign_id = plan.campaign_id
    cross join accuracy
    -- where nearly all or nearly none responded, each would be known
    where
        not {{ is_few('seen.contact_count') }}
        and not {{ is_uniform('seen.response_count', 'seen.contact_count') }}
)

select * from joined
