-- users whose segment their days with orders speak against, as of the scoring date
with

rfm as (select * from {{ ref('ftr_user__rfm') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

user_days as (
    select
        days.user_id,
        {{ days_between('days.activity_date', 'scoring.as_of_date') }} as days_ago,
        scoring.as_of_date
    from {{ ref('ftr_user__days') }} as days
    cross join scoring
),

-- of the segments that a name stands for, the least and the most recent
segments as (
    select
        segment_name,
        min(recency_score) as least_score,
        max(recency_score) as greatest_score
    from {{ ref('rfm_segments') }}
    group by segment_name
),

users as (
    select
        user_id,
        as_of_date,
        min(days_ago) as silent_days,
        max(days_ago) as known_days,
        (max(days_ago) - min(days_ago)) / nullif(count(*) - 1.0, 0) as mean_gap_days
    from user_days
    group by user_id, as_of_date
),

shop as (
    select
        max(known_days) as known_days,
        coalesce(median(mean_gap_days), {{ var('lapse_horizon_days') }})
            as usual_gap_days,
        greatest(
            {{ var('rfm_late_gaps') }}
            * coalesce(median(mean_gap_days), {{ var('lapse_horizon_days') }}),
            {{ var('lapse_horizon_days') }}
        ) as late_days
    from users
),

faults as (
    select
        users.user_id,
        rfm.segment_name,
        users.silent_days,
        users.known_days,
        case
            when
                (segments.least_score = 0)
                <> (
                    users.known_days <= {{ var('rfm_new_days') }}
                    and users.known_days + {{ var('rfm_new_days') }}
                    <= shop.known_days
                )
                then 'new, or not, by the first order'
            when segments.least_score = 0 then null
            when users.silent_days > shop.late_days and segments.least_score > 2
                then 'recent, but late'
            when users.silent_days > 364 and segments.least_score > 1
                then 'silent for a year'
            when
                users.silent_days <= least(shop.usual_gap_days, 364)
                and segments.greatest_score < 4
                then 'on time, but not recent'
            when
                users.silent_days <= least(shop.late_days, 364)
                and segments.greatest_score < 2
                then 'lost, but not late'
        end as fault
    from users
    cross join shop
    inner join rfm
        on users.user_id = rfm.user_id and users.as_of_date = rfm.as_of_date
    inner join segments on rfm.segment_name = segments.segment_name
)

select * from faults
where fault is not null
