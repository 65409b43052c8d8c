-- one row per segment, recency score and frequency-monetary score, as of the scoring
-- date; those of too few users stand together, without scores, as "not shown"
with

rfm as (select * from {{ ref('ftr_user__rfm') }}),

-- cells of an unpublished segment would reveal it
shown_segments as (
    select segment_name from {{ ref('rpt_segments') }}
    where segment_name <> 'not shown'
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
),

sized as (
    select
        placed.segment_name,
        placed.recency_score,
        placed.frequency_monetary_score,
        cast(count(*) as bigint) as user_count
    from placed
    inner join shown_segments on placed.segment_name = shown_segments.segment_name
    group by
        placed.segment_name, placed.recency_score, placed.frequency_monetary_score
),

shown as (
    select * from sized
    qualify {{ is_shown(
        'user_count', 'segment_name', '5 * recency_score + frequency_monetary_score'
    ) }}
),

counted as (
    select
        coalesce(shown.segment_name, 'not shown') as segment_name,
        shown.recency_score,
        shown.frequency_monetary_score,
        cast(count(*) as bigint) as user_count,
        cast(sum(placed.monetary_amount) / count(*) as decimal(18, 2))
            as mean_amount,
        placed.as_of_date
    from placed
    left join shown
        on
            placed.segment_name = shown.segment_name
            and placed.recency_score = shown.recency_score
            and placed.frequency_monetary_score = shown.frequency_monetary_score
    group by
        shown.segment_name, shown.recency_score, shown.frequency_monetary_score,
        placed.as_of_date
),

published as (
    select
        segment_name,
        recency_score,
        frequency_monetary_score,
        {{ unless_few(['user_count', 'mean_amount']) }},
        as_of_date
    from counted
)

select * from published
