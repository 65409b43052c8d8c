-- one row per planned campaign and metric: forecast with range, and if it can be seen
with

forecasts as (select * from {{ ref('campaign_forecasts') }}),
campaigns as (select * from {{ ref('plan_campaigns') }}),
checks as (select * from {{ ref('campaign_checks') }}),

-- of whose margin nothing is known: a rise of the response rate is to show
exploratory as (
    select distinct campaign_id from {{ ref('campaign_decisions') }}
    where decision = 'contact' and value_basis = 'unknown'
),

joined as (
    select
        forecasts.campaign_id,
        campaigns.campaign_name,
        forecasts.metric,
        forecasts.forecast_status,
        case
            when coalesce(checks.has_few_users, true) then 'too few users to measure'
            when exploratory.campaign_id is not null
                then
                    case
                        -- arms are drawn, and not exactly of the size planned
                        when
                            checks.smallest_response_lift
                            <= {{ 1.1 * var('exploratory_lift') }}
                            then 'measurable'
                        else 'too few users to measure'
                    end
            when checks.is_detectable then 'measurable'
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
    left join exploratory on forecasts.campaign_id = exploratory.campaign_id
    where forecasts.forecast_status <> 'past'
)

select * from joined
