-- one row per tier, user and day on which what counts towards it changes: how much
with

entries as (select * from {{ ref('mbr_tier_entries') }}),

moved as (
    select
        tier,
        user_id,
        counts_from as changed_on,
        amount
    from entries
    union all
    select
        tier,
        user_id,
        counts_until as changed_on,
        -amount as amount
    from entries
),

by_day as (
    select
        tier,
        user_id,
        changed_on,
        sum(amount) as amount
    from moved
    group by tier, user_id, changed_on
),

running as (
    select
        tier,
        user_id,
        changed_on,
        cast(sum(amount) over (
            partition by tier, user_id
            order by changed_on
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as counted_amount,
        lead(changed_on) over (
            partition by tier, user_id
            order by changed_on
        ) as next_changed_on
    from by_day
)

select * from running
