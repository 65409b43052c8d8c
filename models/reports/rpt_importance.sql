-- one row per task with published reasons and group of features behind them
with

-- the highest scores and those of contacts do not stand for all
drawn as (
    select * from {{ ref('dec_explained_scores') }}
    where is_drawn
),

reasons as (
    select
        reasons.task,
        reasons.user_id,
        reasons.reason_group,
        reasons.contribution_log_odds
    from {{ ref('user_score_reasons') }} as reasons
    inner join drawn
        on reasons.task = drawn.task and reasons.user_id = drawn.user_id
    union all
    select
        reasons.task,
        reasons.user_id,
        reasons.reason_group,
        reasons.contribution_log_odds
    from {{ ref('offer_score_reasons') }} as reasons
    inner join drawn
        on
            reasons.task = drawn.task
            and reasons.user_id = drawn.user_id
            and reasons.offer_id = drawn.offer_id
),

summed as (
    select
        task,
        reason_group,
        cast(count(distinct user_id) as bigint) as user_count,
        cast(count(*) as bigint) as reason_count,
        sum(abs(contribution_log_odds)) as moved
    from reasons
    where reason_group is not null
    group by task, reason_group
),

shared as (
    select
        task,
        reason_group,
        user_count,
        reason_count,
        cast(
            row_number() over (
                partition by task order by moved desc, reason_group asc
            ) as bigint
        ) as importance_rank,
        round(moved / nullif(sum(moved) over (partition by task), 0), 9)
            as importance_share
    from summed
),

published as (
    select
        task,
        reason_group,
        importance_rank,
        {{ unless_few(['user_count', 'reason_count', 'importance_share']) }}
    from shared
)

select * from published
