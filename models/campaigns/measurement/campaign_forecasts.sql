-- one row per campaign and metric: what was forecast before it started, with a range
{% set former = load_relation(this) if execute -%}
{% set columns = [
    'campaign_id', 'metric', 'forecast_status', 'contact_count', 'forecast_value',
    'forecast_low', 'forecast_high', 'forecast_on',
] -%}
{% set reach = normal_reach(var('forecast_level')) -%}
with

responses as (
    select
        seen.campaign_id,
        seen.contact_count,
        seen.response_count is not null as is_past,
        forecasts.forecast,
        forecasts.forecast_low,
        forecasts.forecast_high,
        seen.starts_on
    from {{ ref('ml_campaign_forecasts') }} as forecasts
    inner join {{ ref('dec_campaign_responses') }} as seen
        on forecasts.campaign_id = seen.campaign_id
),

contacts as (
    select * from {{ ref('campaign_decisions') }}
    where decision = 'contact'
),

-- by an earlier build: this one may follow a launch that was taken back
launched as (
    select distinct campaign_id from {{ ref('dec_launched_decisions') }}
),

summed as (
    select
        contacts.campaign_id,
        min(contacts.decision_status) as forecast_status,
        cast(count(*) as bigint) as contact_count,
        sum(contacts.contacted_probability - contacts.baseline_probability)
            as increment_expected,
        sum(contacts.increment_low) as increment_low,
        sum(contacts.increment_high) as increment_high,
        sqrt(
            sum(
                contacts.contacted_probability * (1 - contacts.contacted_probability)
                + contacts.baseline_probability * (1 - contacts.baseline_probability)
            )
        ) as increment_noise,
        sum(contacts.expected_margin) as margin_expected,
        sum(contacts.margin_low) as margin_low,
        sum(contacts.margin_high) as margin_high,
        -- at the hopeful margin of a purchase; near no increment that has no bound, and
        -- below it no meaning: then as the two readings differ
        coalesce(
            increment_noise * least(
                abs(sum(contacts.margin_high + contacts.expected_cost))
                / nullif(greatest(sum(contacts.increment_high), 0), 0),
                abs(sum(contacts.margin_high - contacts.margin_low))
                / nullif(sum(contacts.increment_high - contacts.increment_low), 0)
            ),
            0
        ) as margin_noise,
        min(contacts.decided_on) as forecast_on
    from contacts
    group by contacts.campaign_id
),

united as (
    {% for metric in ['increment', 'margin'] -%}
        select
            campaign_id,
            '{{ metric }}' as metric,
            forecast_status,
            contact_count,
            {{ metric }}_expected as forecast_value,
            {{ metric }}_low - {{ reach }} * {{ metric }}_noise as forecast_low,
            {{ metric }}_high + {{ reach }} * {{ metric }}_noise as forecast_high,
            forecast_on
        from summed
        union all
    {% endfor -%}
    select
        responses.campaign_id,
        'responses' as metric,
        coalesce(summed.forecast_status, 'past') as forecast_status,
        responses.contact_count,
        responses.forecast as forecast_value,
        responses.forecast_low,
        responses.forecast_high,
        coalesce(summed.forecast_on, responses.starts_on) as forecast_on
    from responses
    left join summed
        on responses.campaign_id = summed.campaign_id and not responses.is_past
),

rounded as (
    select
        campaign_id,
        metric,
        forecast_status,
        contact_count,
        round(forecast_value, 6) as forecast_value,
        round(forecast_low, 6) as forecast_low,
        round(forecast_high, 6) as forecast_high,
        forecast_on
    from united
    -- decisions launched before there were ranges have none
    where forecast_low is not null and not {{ is_few('contact_count') }}
),

-- of a launched campaign the forecast stays as it was at launch
kept as (
    {% if former -%}
        select {{ columns | join(', ') }}
        from {{ this }}
        where
            forecast_status = 'launched'
            and forecast_low is not null
            and campaign_id in (select launched.campaign_id from launched)
    {% else -%}
        select {{ columns | join(', ') }}
        from rounded
        where 1 = 0
    {% endif %}
),

stated as (
    select * from kept
    union all
    select rounded.*
    from rounded
    anti join kept
        on rounded.campaign_id = kept.campaign_id and rounded.metric = kept.metric
)

select * from stated
