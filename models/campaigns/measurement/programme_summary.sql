-- one row per metric: what the programme earned, or from when it can be known
with

looks as (
    select * from {{ ref('programme_results') }}
    where period = 'cumulative'
),

phases as (
    select * from {{ ref('dec_programme_phases') }}
    where phase = 'programme'
),

campaigns as (
    select * from {{ ref('campaign_results') }}
    where slice_kind = 'all' and lift is not null
),

metrics as (
    {% for metric, amount in {
        'orders': 'null', 'revenue': "'amount_per_user'", 'profit': "'profit_per_user'"
    }.items() -%}
        select
            '{{ metric }}' as metric,
            cast({{ amount }} as string) as campaign_metric
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

latest as (
    select * from looks
    where phase = 'programme'
    qualify row_number() over (partition by metric order by week_number desc) = 1
),

-- the first week of the programme, else of the placebo, in which so much would be seen
measurable as (
    select
        metric,
        coalesce(
            min(case when phase = 'programme' then week_number end), min(week_number)
        ) as week_number
    from looks
    where smallest_lift_share <= {{ var('programme_hoped_lift') }}
    group by metric
),

-- the last week of the programme, else of the placebo; the group is the smaller arm, so
-- that the variance falls with it
needed as (
    select
        metric,
        cast(
            ceil(
                control_count
                * power(smallest_lift_share / {{ var('programme_hoped_lift') }}, 2)
            ) as bigint
        ) as needed_control_count
    from looks
    where smallest_lift_share is not null
    qualify row_number() over (
        partition by metric order by phase = 'programme' desc, week_number desc
    ) = 1
),

-- campaigns that nobody launched from the plan count as well: they were measured alike
summed as (
    select
        metric,
        count(*) as campaign_count,
        sum(incremental_total) as campaign_total,
        sum(case when claim = 'gain' then incremental_total else 0 end)
            as claimed_campaign_total,
        sum(shrunken_lift * treated_count) as shrunken_campaign_total
    from campaigns
    group by metric
),

joined as (
    select
        metrics.metric,
        case
            when phases.week_count = 0 then 'not begun'
            else coalesce(latest.claim, 'too few users')
        end as claim,
        cast(phases.week_count as bigint) as week_count,
        latest.treated_count,
        latest.control_count,
        needed.needed_control_count,
        latest.incremental_total,
        latest.incremental_low,
        latest.incremental_high,
        latest.smallest_lift * latest.treated_count as smallest_total,
        coalesce(summed.campaign_count, 0) as campaign_count,
        summed.campaign_total,
        summed.claimed_campaign_total,
        summed.shrunken_campaign_total,
        phases.starts_on,
        {{ days_after('phases.starts_on', '7 * measurable.week_number') }}
            as measurable_on
    from metrics
    cross join phases
    left join latest on metrics.metric = latest.metric
    left join needed on metrics.metric = needed.metric
    left join measurable on metrics.metric = measurable.metric
    left join summed on metrics.campaign_metric = summed.metric
)

select * from joined
