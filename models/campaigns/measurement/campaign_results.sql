-- one row per campaign, slice of its users and metric: what it cost and changed
{% set slices = {'all': "'all'", 'segment': 'segment_name', 'offer': 'offer_id'} -%}
{% set metrics = [
    'redemption_rate', 'buying_rate', 'amount_per_user', 'margin_per_user',
    'profit_per_user',
] -%}
{% set is_treated = "cast(arm = 'treatment' as int)" -%}
with

outcomes as (select * from {{ ref('dec_arm_outcomes') }}),
measured as (select * from {{ ref('ml_campaign_results') }}),

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

-- what is left of the campaign without the slices whose redemptions are published
uniform as (
    select
        *,
        {{ is_uniform('redeemed_count', 'treated_count') }} as is_uniform
    from shown
),

remaining as (
    select
        *,
        max(treated_count) over (partition by campaign_id)
        - sum(case when is_uniform then 0 else treated_count end)
            over (partition by campaign_id, slice_kind) as remaining_treated_count,
        max(redeemed_count) over (partition by campaign_id)
        - sum(case when is_uniform then 0 else redeemed_count end)
            over (partition by campaign_id, slice_kind) as remaining_redeemed_count
    from uniform
),

judged as (
    select
        *,
        not is_uniform and not (
            {{ is_uniform('remaining_redeemed_count', 'remaining_treated_count') }}
            and row_number() over (
                partition by campaign_id, slice_kind
                order by is_uniform, treated_count, slice_value
            ) = 1
        ) as is_rate_shown
    from remaining
),

-- an effect without an interval is not stated
joined as (
    select
        judged.campaign_id,
        judged.slice_kind,
        judged.slice_value,
        metrics.metric,
        coalesce(cast(measured.measurement as string), judged.measurement)
            as measurement,
        cast(measured.method as string) as method,
        judged.treated_count,
        judged.control_count,
        case when judged.is_rate_shown then judged.redeemed_count end as redeemed_count,
        judged.revenue_amount,
        judged.cost_amount,
        measured.treated_value,
        measured.control_value,
        {% for column in ['lift', 'incremental_total'] -%}
            case when measured.lift_low is not null then measured.{{ column }} end
                as {{ column }},
        {% endfor -%}
        measured.lift_low,
        measured.lift_high,
        measured.width_share as interval_width_share,
        measured.incremental_low,
        measured.incremental_high,
        case
            when metrics.metric not in ('redemption_rate', 'buying_rate')
                then nullif(cast(judged.cost_amount as double), 0)
        end as cost_divisor,
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
            and not (metrics.metric = 'buying_rate' and (
                {{ is_uniform(
                    'round(measured.treated_value * judged.treated_count)',
                    'judged.treated_count'
                ) }}
                or {{ is_uniform(
                    'round(measured.control_value * judged.control_count)',
                    'judged.control_count'
                ) }}
            ))
),

concluded as (
    select
        campaign_id,
        slice_kind,
        slice_value,
        metric,
        measurement,
        method,
        case
            when lift is null or not coalesce(is_trustworthy, true) then null
            when lift_low > 0 then 'gain'
            when lift_high < 0 then 'loss'
            else 'not shown'
        end as claim,
        treated_count,
        control_count,
        redeemed_count,
        revenue_amount,
        cost_amount,
        treated_value,
        control_value,
        lift,
        lift_low,
        lift_high,
        interval_width_share,
        incremental_total,
        incremental_low,
        incremental_high,
        incremental_total / cost_divisor as return_on_cost,
        incremental_low / cost_divisor as return_on_cost_low,
        incremental_high / cost_divisor as return_on_cost_high,
        sample_ratio_p_value,
        is_trustworthy,
        is_over,
        starts_on,
        ends_on
    from joined
)

select * from concluded
