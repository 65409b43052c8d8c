-- one row per user and grid as-of date: what happened in the window that followed
with

as_of_dates as (
    select
        *,
        {{ days_after('as_of_date', var('lapse_horizon_days')) }} as label_end_date
    from {{ ref('as_of_dates') }}
    where is_grid_date
),

user_days as (
    select * from {{ ref('ftr_user__days') }}
),

blocks as (
    select * from {{ ref('ftr_user__blocks') }}
),

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
        blocks.user_id,
        blocks.median_block_amount,
        coalesce(days_ahead.net_amount, 0) as net_amount,
        days_ahead.next_activity_date,
        as_of_dates.as_of_date,
        as_of_dates.label_end_date,
        {{ days_after('as_of_dates.as_of_date', 7) }} as week_end_date,
        as_of_dates.scoring_date
    from blocks
    inner join as_of_dates on blocks.as_of_date = as_of_dates.as_of_date
    left join days_ahead
        on
            blocks.user_id = days_ahead.user_id
            and blocks.as_of_date = days_ahead.as_of_date
),

-- unknown while the window is open
labelled as (
    select
        user_id,
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
        as_of_date,
        label_end_date
    from joined
)

select * from labelled
