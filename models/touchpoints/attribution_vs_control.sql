-- one row per channel with a randomised control group, and method of attribution
{% set level = var('attribution').level -%}
{% set least = [var('experiment_min_arm_users'), var('minimum_cell_users')] | max -%}
with

attribution as (select * from {{ ref('attribution') }}),

attributed_channels as (select distinct channel from attribution),

-- a channel of which nothing is credited by its own name is not compared
outcomes as (
    select
        arms.campaign_id,
        arms.user_id,
        arms.arm,
        attributed.channel,
        arms.amount,
        arms.starts_on,
        arms.ends_on
    from {{ ref('dec_arm_outcomes') }} as arms
    inner join attributed_channels as attributed
        on attributed.channel = {{ credited_channel('arms.channel') }}
    where arms.measurement = 'randomised'
),

methods as (
    {% for method in attribution_methods() -%}
        select '{{ method }}' as method
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- what the channel is credited with in orders of both arms while the campaign lasts:
-- the arms differ by its contacts, and not by others of the channel
credited as (
    select
        {% for method in attribution_methods() -%}
            sum(attribution.{{ method }}_amount) as {{ method }},
        {% endfor -%}
        outcomes.campaign_id,
        outcomes.user_id
    from outcomes
    inner join attribution
        on
            outcomes.user_id = attribution.user_id
            and outcomes.channel = attribution.channel
            and outcomes.starts_on <= attribution.order_date
            and outcomes.ends_on >= attribution.order_date
    group by outcomes.campaign_id, outcomes.user_id
),

compared as (
    select
        outcomes.campaign_id,
        outcomes.channel,
        outcomes.arm,
        methods.method,
        cast(outcomes.amount as double) as amount,
        cast(
            case methods.method
                {% for method in attribution_methods() -%}
                    when '{{ method }}' then coalesce(credited.{{ method }}, 0)
                {% endfor %}
            end as double
        ) as credit
    from outcomes
    cross join methods
    left join credited
        on
            outcomes.campaign_id = credited.campaign_id
            and outcomes.user_id = credited.user_id
),

{{ arms_contrasted('compared', ['channel', 'method'], 'campaign_id', least) }}

typed as (
    select
        cast(channel as string) as channel,
        cast(method as string) as method,
        cast(campaign_count as bigint) as campaign_count,
        cast(treated_count as bigint) as treated_count,
        cast(control_count as bigint) as control_count,
        cast(round(credit, 2) as decimal(18, 2)) as credited_amount,
        cast(round(caused, 2) as decimal(18, 2)) as caused_amount,
        cast(
            round(caused - {{ normal_reach(level) }} * sqrt(caused_variance), 2)
            as decimal(18, 2)
        ) as caused_low,
        cast(
            round(caused + {{ normal_reach(level) }} * sqrt(caused_variance), 2)
            as decimal(18, 2)
        ) as caused_high,
        cast(
            case when factor_low is not null then round(credit / caused, 6) end
            as double)
            as over_credit_factor,
        cast(round(factor_low, 6) as double) as factor_low,
        cast(round(factor_high, 6) as double) as factor_high,
        cast(
            case
                when factor_low > 1 then 'over-credited'
                when factor_high < 1 then 'under-credited'
                else 'not shown'
            end as string
        ) as claim
    from arms_contrasted
)

select * from typed
