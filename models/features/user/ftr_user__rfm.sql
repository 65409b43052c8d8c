-- one row per user and as-of date: recency, frequency, monetary, scores and segment
with

windows as (select * from {{ ref('ftr_user__windows') }}),
segments as (select * from {{ ref('rfm_segments') }}),
returns as (select * from {{ ref('ftr_user__returns') }}),

-- refunds reduce spending from the day of the return on
measured as (
    select
        windows.user_id,
        windows.as_of_date,
        windows.days_since_last_order as recency_days,
        windows.order_count_364d as frequency_count,
        cast(
            windows.net_amount_364d - coalesce(returns.returned_amount_364d, 0)
            as decimal(18, 2)
        ) as monetary_amount
    from windows
    left join returns
        on
            windows.user_id = returns.user_id
            and windows.as_of_date = returns.as_of_date
),

-- quantile cuts give equal values equal scores, and run in parallel where ntile cannot
cuts as (
    select
        {% for fifth in range(1, 5) -%}
            percentile_cont(0.{{ 2 * fifth }}) within group (order by recency_days)
                as recency_cut_{{ fifth }},
            percentile_cont(0.{{ 2 * fifth }}) within group (order by frequency_count)
                as frequency_cut_{{ fifth }},
            percentile_cont(0.{{ 2 * fifth }}) within group (
                order by cast(monetary_amount as double)
            ) as monetary_cut_{{ fifth }},
        {% endfor -%}
        as_of_date
    from measured
    group by as_of_date
),

scored as (
    select
        measured.user_id,
        measured.recency_days,
        measured.frequency_count,
        measured.monetary_amount,
        {{ quintile_score('measured.recency_days', '<=', 'cuts.recency_cut') }}
            as recency_score,
        {{ quintile_score('measured.frequency_count', '>', 'cuts.frequency_cut') }}
            as frequency_score,
        {{ quintile_score('measured.monetary_amount', '>', 'cuts.monetary_cut') }}
            as monetary_score,
        measured.as_of_date
    from measured
    inner join cuts on measured.as_of_date = cuts.as_of_date
),

segmented as (
    select
        scored.user_id,
        segments.segment_name,
        cast(scored.recency_days as bigint) as recency_days,
        cast(scored.frequency_count as bigint) as frequency_count,
        scored.monetary_amount,
        cast(scored.recency_score as bigint) as recency_score,
        cast(scored.frequency_score as bigint) as frequency_score,
        cast(scored.monetary_score as bigint) as monetary_score,
        cast(
            scored.recency_score
            + scored.frequency_score
            + scored.monetary_score as bigint
        )
            as rfm_score,
        scored.as_of_date
    from scored
    inner join segments
        on
            scored.recency_score = segments.recency_score
            and floor((scored.frequency_score + scored.monetary_score + 1) / 2.0)
            = segments.frequency_monetary_score
)

select * from segmented
