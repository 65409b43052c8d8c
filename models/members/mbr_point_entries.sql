-- one row per entry of a member's points: what was asked of them, in order
with

scoring as (
    select as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

lots as (select * from {{ ref('mbr_point_lots') }}),
queued as (select * from {{ ref('mbr_point_queue') }}),
reversals as (select * from {{ ref('mbr_point_reversals') }}),
movements as (select * from {{ ref('point_movements') }}),

-- what happens on one day: points come before they are spent, and lapse after
united as (
    select
        user_id,
        'earned' as entry_kind,
        1 as kind_order,
        lot_kind,
        reference_id,
        given_on as occurred_on,
        given_on,
        points,
        points as pending_change,
        null as points_until
    from lots
    where lot_kind = 'order'
    union all
    select
        user_id,
        'reversed' as entry_kind,
        2 as kind_order,
        'order' as lot_kind,
        order_id as reference_id,
        returned_on as occurred_on,
        returned_on as given_on,
        points,
        -points as pending_change,
        null as points_until
    from reversals
    where is_pending
    union all
    select
        user_id,
        case when lot_kind = 'order' then 'confirmed' else 'granted' end as entry_kind,
        3 as kind_order,
        lot_kind,
        reference_id,
        confirmed_on as occurred_on,
        given_on,
        points,
        case when lot_kind = 'order' then -points else 0 end as pending_change,
        null as points_until
    from queued
    union all
    select
        user_id,
        movement_type as entry_kind,
        4 as kind_order,
        'movement' as lot_kind,
        movement_id as reference_id,
        moved_on as occurred_on,
        moved_on as given_on,
        points,
        0 as pending_change,
        null as points_until
    from movements
    where movement_type in ('spent', 'withdrawn')
    union all
    select
        user_id,
        'reversed' as entry_kind,
        5 as kind_order,
        'order' as lot_kind,
        order_id as reference_id,
        returned_on as occurred_on,
        returned_on as given_on,
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
        lot_kind,
        reference_id,
        lapsing_on as occurred_on,
        given_on,
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
                united.given_on,
                united.lot_kind,
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
