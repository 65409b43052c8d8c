-- one row per user with an order: what the next tier lacks, and the chance of either
with

amounts as (select * from {{ ref('ftr_user_tier__amounts') }}),
scores as (select * from {{ ref('ml_user_tier__scores') }}),

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

active as (
    select
        user_id,
        as_of_date
    from {{ ref('lbl_user') }}
),

members as (
    select amounts.*
    from amounts
    inner join scoring on amounts.as_of_date = scoring.as_of_date
),

by_user as (
    select
        user_id,
        max(case when is_present then tier end) as tier,
        max(case when is_next then tier end) as next_tier,
        max(case when is_next then counted_amount end) as counted_amount,
        max(case when is_next then missing_amount end) as missing_amount,
        max(case when is_present then missing_amount end) as missing_to_keep_amount,
        max(case when is_next then window_end_date end) as next_window_end_date,
        max(case when is_present then window_end_date end) as window_end_date,
        as_of_date
    from members
    group by user_id, as_of_date
),

scored as (
    select
        user_id,
        max(case when task = 'reach_tier' then score end) as reach_score,
        max(case when task = 'lose_tier' then score end) as lose_score
    from scores
    group by user_id
),

typed as (
    select
        cast(by_user.user_id as string) as user_id,
        cast(by_user.tier as string) as tier,
        cast(by_user.next_tier as string) as next_tier,
        cast(case
            when scored.user_id is not null then 'scored'
            when active.user_id is null
                then 'no order in {{ var("active_days") }} days'
            when by_user.next_tier is null and by_user.missing_to_keep_amount = 0
                then 'nothing to score'
            else 'no champion'
        end as string) as score_status,
        cast(by_user.counted_amount as decimal(18, 2)) as counted_amount,
        cast(by_user.missing_amount as decimal(18, 2)) as missing_amount,
        cast(by_user.missing_to_keep_amount as decimal(18, 2))
            as missing_to_keep_amount,
        cast(scored.reach_score as double) as reach_score,
        -- who need buy no more keeps the tier
        cast(case
            when by_user.missing_to_keep_amount = 0 then 0
            else scored.lose_score
        end as double) as lose_score,
        cast(by_user.next_window_end_date as date) as next_window_end_date,
        cast(by_user.window_end_date as date) as window_end_date,
        cast(by_user.as_of_date as date) as as_of_date
    from by_user
    left join scored on by_user.user_id = scored.user_id
    left join active
        on
            by_user.user_id = active.user_id
            and by_user.as_of_date = active.as_of_date
)

select * from typed
