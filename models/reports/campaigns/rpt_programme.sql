-- one row per metric and week since the first launch, else of the placebo
with

results as (
    select * from {{ ref('programme_results') }}
    where period = 'cumulative'
),

summaries as (select * from {{ ref('programme_summary') }}),

joined as (
    select
        results.metric,
        results.phase,
        case results.claim
            when 'gain' then 'a proven gain'
            when 'loss' then 'a proven loss'
            else 'no proof of an effect'
        end as verdict,
        results.week_number,
        case
            when results.lift is not null
                then results.treated_count + results.control_count
        end as user_count,
        case when results.lift is not null then results.control_count end
            as control_count,
        summaries.needed_control_count,
        results.lift,
        results.lift_low,
        results.lift_high,
        cast({{ var('programme_hoped_lift') }} as double) as hoped_share,
        summaries.measurable_on
    from results
    inner join summaries on results.metric = summaries.metric
    where
        results.phase
        = case summaries.claim when 'not begun' then 'placebo' else 'programme' end
)

select * from joined
