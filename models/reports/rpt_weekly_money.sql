-- one row per week with money, counted from the first day of the programme
with

days as (select * from {{ ref('ftr_order_days') }}),
orders as (select * from {{ ref('orders') }}),

phases as (
    select * from {{ ref('dec_programme_phases') }}
    where phase = 'programme'
),

summaries as (
    select * from {{ ref('programme_summary') }}
    where metric = 'revenue'
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

effects as (
    select
        {% for metric in ['revenue', 'profit'] -%}
            max(case when metric = '{{ metric }}' then incremental_total end)
                as {{ metric }}_total,
            max(case when metric = '{{ metric }}' then incremental_low end)
                as {{ metric }}_low,
            max(case when metric = '{{ metric }}' then incremental_high end)
                as {{ metric }}_high,
        {% endfor -%}
        week_number
    from {{ ref('programme_results') }}
    where phase = 'programme' and period = 'week'
    group by week_number
),

placed as (
    select
        days.*,
        {{ week_of_phase('days.activity_date') }} as week_number
    from days
    cross join phases
),

ordered as (
    select
        {{ week_of_phase('orders.order_date') }} as week_number,
        cast(count(*) as bigint) as order_count
    from orders
    cross join phases
    where not orders.is_cancelled
    group by {{ week_of_phase('orders.order_date') }}
),

summed as (
    select
        week_number,
        cast(count(distinct user_id) as bigint) as user_count,
        cast(sum(net_amount) as decimal(18, 2)) as revenue_amount,
        cast(sum(margin_amount) as decimal(18, 4)) as margin_amount
    from placed
    group by week_number
),

-- a user may buy in several weeks
hidden as (
    select count(distinct placed.user_id) as user_count
    from placed
    inner join summed on placed.week_number = summed.week_number
    where {{ is_few('summed.user_count') }}
),

shown as (
    select summed.week_number
    from summed
    cross join hidden
    qualify {{ is_shown(
        'summed.user_count', "'all'", 'summed.week_number',
        hidden_users='hidden.user_count'
    ) }}
),

joined as (
    select
        {{ days_after('phases.starts_on', '7 * (summed.week_number - 1)') }}
            as week_starts_on,
        {{ days_after('phases.starts_on', '7 * summed.week_number - 1') }}
            as week_ends_on,
        summed.week_number >= 1 as is_of_programme,
        summed.week_number,
        shown.week_number is not null as is_shown,
        summed.user_count,
        coalesce(ordered.order_count, 0) as order_count,
        summed.revenue_amount,
        summed.margin_amount,
        effects.revenue_total as programme_revenue,
        effects.revenue_low as programme_revenue_low,
        effects.revenue_high as programme_revenue_high,
        effects.profit_total as programme_margin,
        effects.profit_low as programme_margin_low,
        effects.profit_high as programme_margin_high,
        case
            when summaries.measurable_on > scoring.as_of_date then 'later'
            when summaries.measurable_on is not null then 'now'
            when summaries.needed_control_count is not null then 'never'
            else 'unknown'
        end as measurability,
        scoring.as_of_date,
        summaries.measurable_on
    from summed
    cross join phases
    cross join scoring
    cross join summaries
    left join shown on summed.week_number = shown.week_number
    left join ordered on summed.week_number = ordered.week_number
    left join effects on summed.week_number = effects.week_number
),

published as (
    select
        {% for column in [
            'user_count', 'order_count', 'revenue_amount', 'margin_amount',
            'programme_revenue', 'programme_revenue_low', 'programme_revenue_high',
            'programme_margin', 'programme_margin_low', 'programme_margin_high',
        ] -%}
            case when is_shown then {{ column }} end as {{ column }},
        {% endfor -%}
        case
            when not is_of_programme then 'no week of the programme'
            when programme_revenue is null then 'not measured'
            when abs(programme_revenue) > abs(revenue_amount) then 'more than the whole'
            when
                greatest(abs(programme_revenue_low), abs(programme_revenue_high))
                > abs(revenue_amount)
                then 'interval beyond the whole'
            else 'within the whole'
        end as programme_part,
        measurability,
        cast({{ var('programme_hoped_lift') }} as double) as hoped_share,
        min(week_starts_on) over () < week_starts_on and week_ends_on < as_of_date
            as is_whole_week,
        week_starts_on,
        measurable_on
    from joined
)

select * from published
