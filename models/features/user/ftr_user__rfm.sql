-- one row per user and as-of date: recency, frequency, monetary, scores and segment
with

windows as (select * from {{ ref('ftr_user__windows') }}),
segments as (select * from {{ ref('rfm_segments') }}),
returns as (select * from {{ ref('ftr_user__returns') }}),
rhythm as (select * from {{ ref('ftr_user__rhythm') }}),

-- days between two days with orders of the median user; of a shop where nobody came
-- back, the window of a lapse
gaps as (
    select
        coalesce(
            percentile_cont(0.5) within group (order by mean_gap_days),
            {{ var('lapse_horizon_days') }}
        ) as usual_gap_days,
        as_of_date
    from rhythm
    group by as_of_date
),

-- refunds reduce spending from the day of the return on
measured as (
    select
        windows.user_id,
        windows.as_of_date,
        windows.days_since_last_order as recency_days,
        -- who was there when the data begin may have come long before
        windows.days_since_first_order <= {{ var('rfm_new_days') }}
        and windows.days_since_first_order + {{ var('rfm_new_days') }}
        <= max(windows.days_since_first_order) over (
            partition by windows.as_of_date
        ) as is_new,
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
        measured.is_new,
        gaps.usual_gap_days,
        greatest(
            {{ var('rfm_late_gaps') }} * gaps.usual_gap_days,
            {{ var('lapse_horizon_days') }}
        ) as late_days,
        {{ quintile_score('measured.recency_days', '<=', 'cuts.recency_cut') }}
            as recency_score,
        {{ quintile_score('measured.frequency_count', '>', 'cuts.frequency_cut') }}
            as frequency_score,
        {{ quintile_score('measured.monetary_amount', '>', 'cuts.monetary_cut') }}
            as monetary_score,
        measured.as_of_date
    from measured
    inner join cuts on measured.as_of_date = cuts.as_of_date
    inner join gaps on measured.as_of_date = gaps.as_of_date
),

-- a fifth of the users is always the most recent: how long they are silent decides with
placed as (
    select
        *,
        case
            when is_new then 0
            when frequency_count = 0 then 1
            when recency_days <= usual_gap_days then greatest(recency_score, 4)
            when recency_days <= late_days then greatest(recency_score, 2)
            else least(recency_score, 2)
        end as segment_row,
        case
            when not is_new
                then floor((frequency_score + monetary_score + 1) / 2.0)
            else 0
        end as segment_column
    from scored
),

segmented as (
    select
        placed.user_id,
        segments.segment_name,
        cast(placed.recency_days as bigint) as recency_days,
        cast(placed.frequency_count as bigint) as frequency_count,
        placed.monetary_amount,
        cast(placed.recency_score as bigint) as recency_score,
        cast(placed.frequency_score as bigint) as frequency_score,
        cast(placed.monetary_score as bigint) as monetary_score,
        cast(
            placed.recency_score
            + placed.frequency_score
            + placed.monetary_score as bigint
        )
            as rfm_score,
        placed.as_of_date
    from placed
    inner join segments
        on
            placed.segment_row = segments.recency_score
            and placed.segment_column = segments.frequency_monetary_score
)

select * from segmented
