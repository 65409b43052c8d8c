-- one row per channel: the share of orders that would not come without it
{% set settings = var('attribution') -%}
{% set end = settings.channels + 1 -%}
with

steps as (
    select * from {{ ref('tch_steps') }}
    where path_end in ('order', 'none')
),

-- the chain: from 0, the start, over channels to the end, an order
moves as (
    select
        coalesce(number_before, 0) as from_number,
        channel_number as to_number,
        count(*) as move_count
    from steps
    group by coalesce(number_before, 0), channel_number
    union all
    select
        channel_number as from_number,
        {{ end }} as to_number,
        count(*) as move_count
    from steps
    where step_number = step_count and path_end = 'order'
    group by channel_number
),

leaving as (
    select
        channel_number as from_number,
        count(*) as leaving_count
    from steps
    group by channel_number
    union all
    select
        0 as from_number,
        count(*) as leaving_count
    from steps
    where step_number = 1
),

states as (
    select 0 as state_number
    {% for number in range(1, end + 1) -%}
        union all
        select {{ number }} as state_number
    {% endfor %}
),

-- a channel that is removed leads nobody on; 0 removes none
cells as (
    select
        removals.state_number as removed,
        froms.state_number as from_number,
        tos.state_number as to_number,
        case
            when
                removals.state_number in (froms.state_number, tos.state_number)
                and removals.state_number > 0
                then 0
            else coalesce(moves.move_count / cast(leaving.leaving_count as double), 0)
        end as probability
    from states as removals
    cross join states as froms
    cross join states as tos
    left join moves
        on froms.state_number = moves.from_number and tos.state_number = moves.to_number
    left join leaving on froms.state_number = leaving.from_number
    where
        removals.state_number < {{ end }}
        and froms.state_number < {{ end }}
        and tos.state_number > 0
),

{{ chain_solved('cells', settings.channels) }}

whole as (
    select probability as order_probability from chain_solved
    where removed = 0
),

-- rounding leaves effects of nothing a little below it
compared as (
    select
        chain_solved.removed as channel_number,
        greatest(
            1 - chain_solved.probability / nullif(whole.order_probability, 0), 0
        ) as removal_effect
    from chain_solved
    cross join whole
    where chain_solved.removed > 0
)

select * from compared
