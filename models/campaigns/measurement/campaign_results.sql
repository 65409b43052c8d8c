-- one row per campaign, slice of its users and metric: what it cost and changed
{% set metrics = ['redemption_rate', 'buying_rate', 'amount_per_user']
    + ['margin_per_user', 'profit_per_user'] -%}
{# No return of a rate. #}
{% set cost = "case when metric not in ('redemption_rate', 'buying_rate')"
    ~ " then nullif(cast(cost_amount as double), 0) end" -%}
with

slices as (select * from {{ ref('dec_result_slices') }}),
measured as (select * from {{ ref('ml_campaign_results') }}),
forecasts as (select * from {{ ref('campaign_forecasts') }}),
deliveries as (select * from {{ ref('campaign_deliveries') }}),

metrics as (
    {% for metric in metrics -%}
        select '{{ metric }}' as metric
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- an effect without an interval is not stated
joined as (
    select
        slices.campaign_id,
        slices.slice_kind,
        slices.slice_value,
        metrics.metric,
        coalesce(measured.measurement, slices.measurement) as measurement,
        cast(measured.method as string) as method,
        slices.treated_count,
        slices.control_count,
        slices.both_arms_count,
        case when slices.is_rate_shown then slices.redeemed_count end as redeemed_count,
        slices.revenue_amount,
        slices.cost_amount,
        measured.treated_value,
        measured.control_value,
        {% for column in ['lift', 'incremental_total', 'shrunken_lift'] -%}
            case when measured.lift_low is not null then measured.{{ column }} end
                as {{ column }},
        {% endfor -%}
        measured.lift_low,
        measured.lift_high,
        measured.width_share as interval_width_share,
        measured.incremental_low,
        measured.incremental_high,
        forecasts.forecast_value,
        forecasts.forecast_low,
        forecasts.forecast_high,
        {% for kind in ['delivered', 'opened', 'clicked', 'unsubscribed'] -%}
            deliveries.{{ kind }}_share,
        {% endfor -%}
        measured.sample_ratio_p_value,
        case when slices.has_mixed_arms then false else measured.is_trustworthy end
            as is_trustworthy,
        slices.is_over,
        slices.starts_on,
        slices.ends_on
    from slices
    cross join metrics
    left join measured
        on
            slices.campaign_id = measured.campaign_id
            and slices.slice_kind = measured.slice_kind
            and slices.slice_value = measured.slice_value
            and metrics.metric = measured.metric
            -- users of the control group have nothing to redeem
            and not (metrics.metric = 'redemption_rate' and not slices.is_rate_shown)
            {% for arm in ['treated', 'control'] -%}
                and not (metrics.metric = 'buying_rate' and {{ is_uniform(
                    'round(measured.' ~ arm ~ '_value * slices.' ~ arm ~ '_count)',
                    'slices.' ~ arm ~ '_count'
                ) }})
            {% endfor %}
    left join forecasts
        on
            slices.campaign_id = forecasts.campaign_id
            and slices.slice_kind = 'all'
            and metrics.metric = case forecasts.metric
                when 'responses' then 'redemption_rate'
                when 'margin' then 'profit_per_user'
            end
    left join deliveries
        on slices.campaign_id = deliveries.campaign_id and slices.slice_kind = 'all'
),

concluded as (
    select
        *,
        case
            when lift is null or not coalesce(is_trustworthy, true) then null
            when lift_low > 0 then 'gain'
            when lift_high < 0 then 'loss'
            else 'not shown'
        end as claim,
        incremental_total / {{ cost }} as return_on_cost,
        incremental_low / {{ cost }} as return_on_cost_low,
        incremental_high / {{ cost }} as return_on_cost_high
    from joined
)

select * from concluded
