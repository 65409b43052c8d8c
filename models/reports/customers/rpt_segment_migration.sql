-- one row per RFM segment at the former as-of date and now; cells of too few users
-- stand together as "not shown"
with

rfm as (select * from {{ ref('ftr_user__rfm') }}),
dates as (select * from {{ ref('as_of_dates') }}),

scoring as (
    select as_of_date from dates
    where is_scoring_date
),

former as (
    select max(dates.as_of_date) as as_of_date
    from dates
    cross join scoring
    where dates.is_grid_date and dates.as_of_date < scoring.as_of_date
),

compared as (
    select as_of_date from scoring
    union all
    select as_of_date from former
),

-- of both dates: what one date shows must not reveal what the other hides
segments as (
    select
        rfm.as_of_date,
        rfm.segment_name,
        cast(count(*) as bigint) as user_count
    from rfm
    inner join compared on rfm.as_of_date = compared.as_of_date
    group by rfm.as_of_date, rfm.segment_name
),

shown_segments as (
    select * from segments
    qualify {{ is_shown('user_count', 'as_of_date', 'segment_name') }}
),

moved as (
    select
        coalesce(earlier.segment_name, 'no order yet') as former_segment_name,
        rfm.segment_name,
        former.as_of_date as former_date,
        scoring.as_of_date,
        cast(count(*) as bigint) as user_count
    from rfm
    inner join scoring on rfm.as_of_date = scoring.as_of_date
    cross join former
    left join rfm as earlier
        on rfm.user_id = earlier.user_id and former.as_of_date = earlier.as_of_date
    where former.as_of_date is not null
    group by
        earlier.segment_name, rfm.segment_name, former.as_of_date, scoring.as_of_date
),

-- cells add up to the segments before and to those now: neither reveals a hidden one
shown_before as (
    select * from moved
    qualify {{ is_shown('user_count', 'former_segment_name', 'segment_name') }}
),

shown_now as (
    select * from moved
    qualify {{ is_shown('user_count', 'segment_name', 'former_segment_name') }}
),

shown as (
    select shown_before.*
    from shown_before
    inner join shown_now
        on
            shown_before.former_segment_name = shown_now.former_segment_name
            and shown_before.segment_name = shown_now.segment_name
    inner join shown_segments as segments_now
        on
            shown_before.segment_name = segments_now.segment_name
            and shown_before.as_of_date = segments_now.as_of_date
    left join shown_segments as segments_before
        on
            shown_before.former_segment_name = segments_before.segment_name
            and shown_before.former_date = segments_before.as_of_date
    where
        segments_before.segment_name is not null
        or shown_before.former_segment_name = 'no order yet'
),

counted as (
    select
        coalesce(shown.former_segment_name, 'not shown') as former_segment_name,
        coalesce(shown.segment_name, 'not shown') as segment_name,
        cast(sum(moved.user_count) as bigint) as user_count,
        moved.former_date,
        moved.as_of_date
    from moved
    left join shown
        on
            moved.former_segment_name = shown.former_segment_name
            and moved.segment_name = shown.segment_name
    group by
        shown.former_segment_name,
        shown.segment_name,
        moved.former_date,
        moved.as_of_date
),

published as (
    select
        former_segment_name,
        segment_name,
        {{ unless_few(['user_count']) }},
        case
            when segment_name <> 'not shown' then segment_name <> former_segment_name
        end as is_moved,
        former_date,
        as_of_date
    from counted
),

shared as (
    select
        former_segment_name,
        segment_name,
        user_count,
        round(
            cast(sum(case when is_moved then user_count else 0 end) over () as double)
            / sum(case when is_moved is not null then user_count end) over (), 12
        ) as moved_share,
        is_moved,
        former_date,
        as_of_date
    from published
)

select * from shared
