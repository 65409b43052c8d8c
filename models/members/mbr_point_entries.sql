-- one row per entry of a member's points: what was asked of them, in order
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

lots as (select * from {{ ref('mbr_point_lots') }}),
queued as (select * from {{ ref('mbr_point_queue') }}),
reversals as (select * from {{ ref('mbr_point_reversals') }}),
spendings as (select * from {{ ref('point_spendings') }}),

-- what happens on one day: points come before they are spent, and lapse after
united as (
    select
        user_id,
        'earned' as entry_kind,
        1 as kind_order,
        order_id as reference_id,
        order_date as occurred_on,
        order_date as queued_on,
        earned_points as points,
        earned_points as pending_change,
        null as points_until
    from lots
    union all
    select
        user_id,
        'reversed' as entry_kind,
        2 as kind_order,
        order_id as reference_id,
        returned_on as occurred_on,
        returned_on as queued_on,
        points,
        -points as pending_change,
        null as points_until
    from reversals
    where is_pending
    union all
    select
        user_id,
        'confirmed' as entry_kind,
        3 as kind_order,
        order_id as reference_id,
        confirmed_on as occurred_on,
        order_date as queued_on,
        points,
        -points as pending_change,
        null as points_until
    from queued
    union all
    select
        user_id,
        'spent' as entry_kind,
        4 as kind_order,
        spending_id as reference_id,
        spent_on as occurred_on,
        spent_on as queued_on,
        points,
        0 as pending_change,
        null as points_until
    from spendings
    union all
    select
        user_id,
        'reversed' as entry_kind,
        5 as kind_order,
        order_id as reference_id,
        returned_on as occurred_on,
        returned_on as queued_on,
        points,
        0 as pending_change,
        null as points_until
    from reversals
    where not is_pending and not is_lapsed
    union all
    select
        user_id,
        'lapsed' as entry_kind,
        6 as kind_order,
        order_id as reference_id,
        lapsing_on as occurred_on,
        order_date as queued_on,
        points,
        0 as pending_change,
        points_until
    from queued
),

numbered as (
    select
        united.user_id,
        row_number() over (
            partition by united.user_id
            order by
                united.occurred_on,
                united.kind_order,
                united.queued_on,
                united.reference_id
        ) as entry_number,
        united.entry_kind,
        united.kind_order in (1, 2) as is_of_pending,
        united.reference_id,
        united.occurred_on,
        cast(united.points as bigint) as points,
        cast(united.pending_change as bigint) as pending_change,
        cast(united.points_until as bigint) as points_until
    from united
    cross join scoring
    where united.occurred_on < scoring.as_of_date
)

select * from numbered
