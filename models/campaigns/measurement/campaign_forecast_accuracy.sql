-- one row per forecast metric: forecasts of past campaigns beside what came
with

judged as (
    select
        forecasts.forecast,
        seen.response_count,
        cast(
            forecasts.forecast_low <= seen.response_count
            and seen.response_count <= forecasts.forecast_high as int
        ) as is_covered,
        forecasts.earlier_count > 0 as has_earlier
    from {{ ref('ml_campaign_forecasts') }} as forecasts
    inner join {{ ref('dec_campaign_responses') }} as seen
        on forecasts.campaign_id = seen.campaign_id
    where seen.response_count is not null
),

summed as (
    select
        'responses' as metric,
        cast(count(*) as bigint) as campaign_count,
        cast(count(case when has_earlier then 1 end) as bigint) as forecast_count,
        round(avg(is_covered), 6) as covered_share,
        round(avg(case when has_earlier then is_covered end), 6)
            as covered_share_of_forecasts,
        cast(sum(case when has_earlier then response_count end) as bigint)
            as response_count,
        round(sum(case when has_earlier then forecast end), 6) as forecast_value
    from judged
    having count(*) > 0
),

compared as (
    select
        *,
        round(forecast_value / nullif(response_count, 0) - 1, 6) as bias_share
    from summed
)

select * from compared
