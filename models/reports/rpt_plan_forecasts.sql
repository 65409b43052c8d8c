-- one row per planned campaign and metric: forecast with range, and if it can be seen
with

forecasts as (select * from {{ ref('campaign_forecasts') }}),
campaigns as (select * from {{ ref('plan_campaigns') }}),
checks as (select * from {{ ref('campaign_checks') }}),

joined as (
    select
        forecasts.campaign_id,
        campaigns.campaign_name,
        forecasts.metric,
        forecasts.forecast_status,
        case
            when checks.is_detectable then 'measurable'
            when coalesce(checks.has_few_users, true) then 'too few users to measure'
            else 'not measurable'
        end as measurability,
        forecasts.contact_count as user_count,
        forecasts.forecast_value,
        forecasts.forecast_low,
        forecasts.forecast_high,
        checks.expected_margin_lift,
        checks.smallest_margin_lift,
        campaigns.budget_amount,
        campaigns.starts_on,
        campaigns.ends_on
    from forecasts
    inner join campaigns on forecasts.campaign_id = campaigns.campaign_id
    left join checks on forecasts.campaign_id = checks.campaign_id
    where forecasts.forecast_status <> 'past'
)

select * from joined
