-- one row per user active before a grid as-of date: what followed, for which split
with

as_of_dates as (
    select
        *,
        {{ days_after('as_of_date', var('lapse_horizon_days')) }} as label_end_date
    from {{ ref('as_of_dates') }}
    where is_grid_date
),

splits as (select * from {{ ref('lbl_splits') }}),
user_days as (select * from {{ ref('ftr_user__days') }}),

active_users as (
    select
        user_id,
        first_order_id,
        as_of_date
    from {{ ref('ftr_user__windows') }}
    where days_since_last_order <= {{ var('active_days') }}
),

drawn_users as (
    {{ drawn_users('active_users', 'user') }}
),

blocks as (select * from {{ ref('ftr_user__blocks') }}),

-- windows longer than the lapse horizon are not needed by any label
days_ahead as (
    select
        user_days.user_id,
        as_of_dates.as_of_date,
        cast(sum(user_days.net_amount) as decimal(18, 2)) as net_amount,
        min(user_days.activity_date) as next_activity_date
    from as_of_dates
    inner join user_days
        on
            as_of_dates.as_of_date <= user_days.activity_date
            and as_of_dates.label_end_date > user_days.activity_date
    group by user_days.user_id, as_of_dates.as_of_date
),

joined as (
    select
        active_users.user_id,
        active_users.first_order_id,
        splits.split_name,
        drawn_users.is_drawn,
        blocks.median_block_amount,
        coalesce(days_ahead.net_amount, 0) as net_amount,
        days_ahead.next_activity_date,
        splits.train_until_date,
        as_of_dates.as_of_date,
        as_of_dates.label_end_date,
        {{ days_after('as_of_dates.as_of_date', 7) }} as week_end_date,
        as_of_dates.scoring_date
    from active_users
    inner join as_of_dates on active_users.as_of_date = as_of_dates.as_of_date
    inner join splits on active_users.as_of_date = splits.as_of_date
    inner join drawn_users on active_users.user_id = drawn_users.user_id
    inner join blocks
        on
            active_users.user_id = blocks.user_id
            and active_users.as_of_date = blocks.as_of_date
    left join days_ahead
        on
            active_users.user_id = days_ahead.user_id
            and active_users.as_of_date = days_ahead.as_of_date
),

-- unknown while the window is open
labelled as (
    select
        user_id,
        first_order_id,
        split_name,
        is_drawn,
        case
            when label_end_date <= scoring_date then cast(net_amount as double)
        end as net_amount_ahead_28d,
        case
            when label_end_date <= scoring_date then next_activity_date is null
        end as is_lapsed_28d,
        case
            when week_end_date <= scoring_date
                then coalesce(next_activity_date < week_end_date, false)
        end as is_buying_7d,
        case
            when label_end_date <= scoring_date
                then net_amount > median_block_amount
        end as is_spending_more_28d,
        label_end_date,
        train_until_date,
        as_of_date
    from joined
)

select * from labelled
