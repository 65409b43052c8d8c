-- one row per user and span of days in which no offer with money off goes to them
{% set days = var('risk').suppression_days -%}
with

disputes as (
    select
        order_id,
        user_id,
        cast({{ local_timestamp('reported_at') }} as date) as reported_on,
        cast({{ local_timestamp('resolved_at') }} as date) as resolved_on,
        is_upheld
    from {{ ref('order_disputes') }}
    where user_id is not null
),

-- an order of which all disputes were reversed is cleared with the last
cleared as (
    select
        order_id,
        user_id,
        max(resolved_on) as cleared_on
    from disputes
    group by order_id, user_id
    having bool_and(coalesce(not is_upheld, false))
),

suspected as (
    select
        order_risk.user_id,
        order_risk.order_date as first_date,
        {{ days_after('order_risk.order_date', days) }} as free_on,
        least(order_risk.lapses_on, cleared.cleared_on) as freed_on
    from {{ ref('order_risk') }} as order_risk
    left join cleared
        on
            order_risk.order_id = cleared.order_id
            and order_risk.user_id = cleared.user_id
    where order_risk.action <> 'accept' and order_risk.user_id is not null
    union all
    select
        user_id,
        min(reported_on) as first_date,
        {{ days_after('max(coalesce(resolved_on, reported_on))', days) }} as free_on,
        case
            when bool_and(coalesce(not is_upheld, false)) then max(resolved_on)
        end as freed_on
    from disputes
    group by user_id, order_id
),

-- the last day is the one before the user is free; messages without money off go on
dated as (
    select distinct
        user_id,
        'order_risk' as suppression_kind,
        cast(null as string) as channel,
        first_date,
        {{ days_after('least(free_on, freed_on)', -1) }} as last_date
    from suspected
)

select * from dated
where last_date >= first_date
