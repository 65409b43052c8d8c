-- one row per user active before a grid as-of date
with

labels as (
    select * from {{ ref('ftr_user__labels') }}
),

snapshot as (
    select * from {{ ref('ftr_user__snapshot') }}
),

splits as (
    select * from {{ ref('ftr_splits') }}
),

joined as (
    select
        snapshot.*,
        labels.net_amount_ahead_28d,
        labels.is_lapsed_28d,
        labels.is_buying_7d,
        labels.is_spending_more_28d,
        labels.label_end_date,
        splits.split_name,
        splits.train_until_date
    from labels
    inner join splits on labels.as_of_date = splits.as_of_date
    inner join snapshot
        on
            labels.user_id = snapshot.user_id
            and labels.as_of_date = snapshot.as_of_date
    where snapshot.days_since_last_order <= {{ var('active_days') }}
)

-- a panel is the whole snapshot and its labels: a list would be a second home of it
select * from joined  -- noqa: AM04
