-- one row per campaign, slice of its users and metric: what it cost and changed
{% set slices = {'all': "'all'", 'segment': 'segment_name', 'offer': 'offer_id'} -%}
{% set metrics = ['redemption_rate', 'buying_rate', 'amount_per_user']
    + ['margin_per_user', 'profit_per_user'] -%}
{# No return of a rate. #}
{% set cost = "case when metric not in ('redemption_rate', 'buying_rate')"
    ~ " then nullif(cast(cost_amount as double), 0) end" -%}
{% set is_treated = "cast(arm = 'treatment' as int)" -%}
with

outcomes as (select * from {{ ref('dec_arm_outcomes') }}),
measured as (select * from {{ ref('ml_campaign_results') }}),
forecasts as (select * from {{ ref('campaign_forecasts') }}),
deliveries as (select * from {{ ref('campaign_deliveries') }}),

metrics as (
    {% for metric in metrics -%}
        select '{{ metric }}' as metric
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- counts of contacted users, with or without a control group
summed as (
    {% for kind, column in slices.items() -%}
        select
            campaign_id,
            '{{ kind }}' as slice_kind,
            {{ column }} as slice_value,
            min(measurement) as measurement,
            cast(sum({{ is_treated }}) as bigint) as treated_count,
            cast(sum(1 - {{ is_treated }}) as bigint) as control_count,
            cast(sum({{ is_treated }} * cast(is_redeemed as int)) as bigint)
                as redeemed_count,
            cast(sum({{ is_treated }} * amount) as decimal(18, 2)) as revenue_amount,
            cast(sum({{ is_treated }} * cost) as decimal(18, 2)) as cost_amount,
            bool_and(is_over) as is_over,
            min(starts_on) as starts_on,
            min(ends_on) as ends_on
        from outcomes
        where {{ column }} is not null
        group by campaign_id{{ '' if kind == 'all' else ', ' ~ column }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- the rest is users of the campaign in no slice of the kind, such as without a segment
shown as (
    select * from summed
    qualify
    {% for users in ['treated_count', 'control_count'] -%}
            {{ is_shown(
                users, 'campaign_id, slice_kind', 'slice_value',
                rest='max(' ~ users ~ ') over (partition by campaign_id) - sum(' ~ users
                ~ ') over (partition by campaign_id, slice_kind)'
            ) }}
            {{ 'and' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        *,
        {{ is_rate_shown(
            'redeemed_count', 'treated_count', 'campaign_id', 'campaign_id, slice_kind',
            'slice_value'
        ) }} as is_rate_shown
    from shown
),

-- an effect without an interval is not stated
joined as (
    select
        judged.campaign_id,
        judged.slice_kind,
        judged.slice_value,
        metrics.metric,
        coalesce(measured.measurement, judged.measurement) as measurement,
        cast(measured.method as string) as method,
        judged.treated_count,
        judged.control_count,
        case when judged.is_rate_shown then judged.redeemed_count end as redeemed_count,
        judged.revenue_amount,
        judged.cost_amount,
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
        measured.is_trustworthy,
        judged.is_over,
        judged.starts_on,
        judged.ends_on
    from judged
    cross join metrics
    left join measured
        on
            judged.campaign_id = measured.campaign_id
            and judged.slice_kind = measured.slice_kind
            and judged.slice_value = measured.slice_value
            and metrics.metric = measured.metric
            -- users of the control group have nothing to redeem
            and not (metrics.metric = 'redemption_rate' and not judged.is_rate_shown)
            {% for arm in ['treated', 'control'] -%}
                and not (metrics.metric = 'buying_rate' and {{ is_uniform(
                    'round(measured.' ~ arm ~ '_value * judged.' ~ arm ~ '_count)',
                    'judged.' ~ arm ~ '_count'
                ) }})
            {% endfor %}
    left join forecasts
        on
            judged.campaign_id = forecasts.campaign_id
            and judged.slice_kind = 'all'
            and metrics.metric = case forecasts.metric
                when 'responses' then 'redemption_rate'
                when 'margin' then 'profit_per_user'
            end
    left join deliveries
        on judged.campaign_id = deliveries.campaign_id and judged.slice_kind = 'all'
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
