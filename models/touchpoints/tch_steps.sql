-- one row per path and step on it: touches of one channel with none of another between
{% set settings = var('attribution') -%}
{% set most = settings.channels -%}
{% set lookback = settings.lookback_days * 86400 -%}
with

touchpoints as (select * from {{ ref('user_touchpoints') }}),

scoring as (
    select {{ utc_timestamp('cast(as_of_date as timestamp)') }} as now_at
    from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- the channels of fewest touches are one, other, so that all sets can be gone through
channels_ranked as (
    select
        channel,
        row_number() over (
            order by channel = 'other' asc, count(*) desc, channel asc
        ) as channel_rank,
        count(*) over () as channel_count
    from touchpoints
    where channel is not null
    group by channel
),

channels_named as (
    select
        channel as given_channel,
        case
            when channel_count > {{ most }} and channel_rank >= {{ most }} then 'other'
            else channel
        end as channel,
        cast(least(channel_rank, {{ most }}) as bigint) as channel_number
    from channels_ranked
),

named as (
    select
        touchpoints.user_id,
        touchpoints.touchpoint_number,
        channels_named.channel,
        channels_named.channel_number,
        case when touchpoints.touch_kind = 'order' then touchpoints.touchpoint_number
        end as own_order_number,
        case when touchpoints.touch_kind = 'order' then touchpoints.touched_at
        end as own_order_at,
        touchpoints.touched_at
    from touchpoints
    left join channels_named on touchpoints.channel = channels_named.given_channel
),

-- a touch is on the way to the user's next order, wherever that is placed
looked_ahead as (
    select
        *,
        lag(channel) over (partition by user_id order by touchpoint_number)
            as channel_before,
        min(own_order_number) over (
            partition by user_id order by touchpoint_number
            rows between current row and unbounded following
        ) as order_number,
        min(own_order_at) over (
            partition by user_id order by touchpoint_number
            rows between current row and unbounded following
        ) as next_order_at
    from named
),

runs_numbered as (
    select
        user_id,
        order_number,
        channel,
        channel_number,
        touched_at,
        next_order_at,
        -- an order, which has no channel, parts runs, too
        sum(case when channel = channel_before then 0 else 1 end) over (
            partition by user_id order by touchpoint_number
            rows between unbounded preceding and current row
        ) as run_number
    from looked_ahead
),

timed as (
    select
        runs.*,
        {{ dbt.datediff('runs.touched_at', 'runs.next_order_at', 'second') }}
            as seconds_before,
        {{ dbt.datediff('runs.touched_at', 'scoring.now_at', 'second') }}
            as seconds_ago
    from runs_numbered as runs
    cross join scoring
    where runs.channel is not null
),

-- of touches without an order so far, only those whose time is over led to none
ended as (
    select
        *,
        case
            when seconds_before <= {{ lookback }} then 'order'
            when seconds_ago > {{ lookback }} then 'none'
            else 'open'
        end as path_end
    from timed
),

collapsed as (
    select
        user_id,
        coalesce(order_number, 0) as order_number,
        path_end,
        run_number,
        min(channel) as channel,
        min(channel_number) as channel_number,
        min(seconds_before) as seconds_before,
        cast(count(*) as bigint) as touch_count
    from ended
    group by user_id, order_number, path_end, run_number
),

placed as (
    select
        user_id,
        order_number,
        path_end,
        channel,
        channel_number,
        touch_count,
        seconds_before,
        row_number() over (
            partition by user_id, order_number, path_end order by run_number
        ) as step_number,
        lag(channel_number) over (
            partition by user_id, order_number, path_end order by run_number
        ) as number_before,
        count(*) over (partition by user_id, order_number, path_end) as step_count
    from collapsed
)

select * from placed
