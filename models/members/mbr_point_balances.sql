-- one row per entry of a member's points: the balance after it
{% set endless = 4000000000000000000 -%}
{% set lowest = -endless if var('points_below_zero') else 0 -%}
with

entries as (select * from {{ ref('mbr_point_entries') }}),

confirmed as (
    select
        *,
        sum(
            case when entry_kind in ('confirmed', 'granted') then points else 0 end
        ) over (
            partition by user_id
            order by entry_number
            rows between unbounded preceding and current row
        ) as confirmed_points
    from entries
),

-- an entry moves the balance, then holds it between two limits: what is spent ends at
-- none, and once points lapse no more are left than came after them
steps as (
    select
        user_id,
        entry_number,
        case
            when is_of_pending or entry_kind = 'lapsed' then 0
            when entry_kind in ('confirmed', 'granted') then points
            else -points
        end as shift,
        case
            when
                entry_kind in ('spent', 'withdrawn', 'reversed') and not is_of_pending
                then {{ lowest }}
            else -{{ endless }}
        end as lowest,
        case
            when entry_kind = 'lapsed' then confirmed_points - points_until
            else {{ endless }}
        end as highest
    from confirmed
),

{{ composed_steps('steps', 'user_id', 'entry_number', var('point_entries_power')) }}

balanced as (
    select
        user_id,
        entry_number,
        cast(least(greatest(shift, lowest), highest) as bigint) as available_points
    from composed_steps
)

select * from balanced
