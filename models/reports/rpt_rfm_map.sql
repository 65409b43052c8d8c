-- one row per recency score and frequency-monetary score, as of the scoring date
with

rfm as (select * from {{ ref('ftr_user__rfm') }}),

-- cells of an unpublished segment would reveal it
shown_segments as (
    select segment_name from {{ ref('rpt_segments') }}
),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

placed as (
    select
        rfm.user_id,
        rfm.segment_name,
        rfm.recency_score,
        cast(floor((rfm.frequency_score + rfm.monetary_score + 1) / 2.0) as bigint)
            as frequency_monetary_score,
        rfm.monetary_amount,
        rfm.as_of_date
    from rfm
    inner join scoring on rfm.as_of_date = scoring.as_of_date
    inner join shown_segments on rfm.segment_name = shown_segments.segment_name
),

counted as (
    select
        segment_name,
        recency_score,
        frequency_monetary_score,
        cast(count(*) as bigint) as user_count,
        cast(avg(cast(monetary_amount as double)) as decimal(18, 2))
            as mean_amount,
        as_of_date
    from placed
    group by
        segment_name, recency_score, frequency_monetary_score, as_of_date
)

select * from counted
qualify {{ is_shown(
    'user_count', 'segment_name', '5 * recency_score + frequency_monetary_score'
) }}
