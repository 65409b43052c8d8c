-- one row per change of a member's points: what happened, and the balances after it
with

entries as (select * from {{ ref('mbr_point_entries') }}),
balances as (select * from {{ ref('mbr_point_balances') }}),

joined as (
    select
        entries.*,
        balances.available_points,
        balances.available_points - coalesce(
            lag(balances.available_points) over (
                partition by entries.user_id order by entries.entry_number
            ),
            0
        ) as available_change,
        sum(entries.pending_change) over (
            partition by entries.user_id
            order by entries.entry_number
            rows between unbounded preceding and current row
        ) as pending_points
    from entries
    inner join balances
        on
            entries.user_id = balances.user_id
            and entries.entry_number = balances.entry_number
),

-- points that were spent before they lapse change nothing
changed as (
    select * from joined
    where entry_kind <> 'lapsed' or available_change <> 0
),

typed as (
    select
        cast(user_id as string) as user_id,
        cast(
            row_number() over (partition by user_id order by entry_number) as bigint
        ) as entry_number,
        cast(entry_kind as string) as entry_kind,
        cast(reference_id as string) as reference_id,
        cast(occurred_on as date) as occurred_on,
        cast(pending_change as bigint) as pending_change,
        cast(available_change as bigint) as available_change,
        cast(
            case
                when
                    entry_kind in ('spent', 'withdrawn', 'reversed')
                    and not is_of_pending
                    then points + available_change
                else 0
            end as bigint
        ) as uncovered_points,
        cast(pending_points as bigint) as pending_points,
        cast(available_points as bigint) as available_points
    from changed
)

select * from typed
