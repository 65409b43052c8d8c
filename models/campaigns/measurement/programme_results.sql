-- one row per phase of the programme, period, metric and week: the effect by then
with

looks as (select * from {{ ref('ml_programme_looks') }}),
phases as (select * from {{ ref('dec_programme_phases') }}),

-- of the arms that have anybody
sized as (
    select
        *,
        coalesce(
            least(nullif(treated_count, 0), nullif(control_count, 0)), 0
        ) as smaller_arm_users
    from looks
),

shown as (
    select
        phase,
        period,
        metric,
        week_number,
        {{ unless_few([
            'treated_count', 'control_count', 'treated_value', 'control_value', 'lift',
            'lift_low', 'lift_high', 'width_share', 'smallest_lift',
        ], users='smaller_arm_users') }}
    from sized
),

joined as (
    select
        shown.phase,
        shown.period,
        shown.metric,
        case
            when shown.period = 'week' then null
            when shown.lift_low is null then 'too few users'
            when shown.lift_low > 0 then 'gain'
            when shown.lift_high < 0 then 'loss'
            else 'not shown'
        end as claim,
        shown.week_number,
        shown.treated_count,
        shown.control_count,
        shown.treated_value,
        shown.control_value,
        case when shown.lift_low is not null then shown.lift end as lift,
        shown.lift_low,
        shown.lift_high,
        shown.width_share as interval_width_share,
        {% for column, lift in {
            'incremental_total': 'lift', 'incremental_low': 'lift_low',
            'incremental_high': 'lift_high',
        }.items() -%}
            case
                when shown.lift_low is not null
                    then shown.{{ lift }} * shown.treated_count
            end as {{ column }},
        {% endfor -%}
        shown.smallest_lift,
        case
            when shown.control_value > 0
                then shown.smallest_lift / shown.control_value
        end as smallest_lift_share,
        {{ days_after(
            'phases.starts_on',
            "case shown.period when 'week' then 7 * (shown.week_number - 1) else 0 end"
        ) }} as starts_on,
        {{ days_after('phases.starts_on', '7 * shown.week_number - 1') }} as ends_on
    from shown
    inner join phases on shown.phase = phases.phase
)

select * from joined
