-- one row per rule of risk that the shop uses
with

-- a row of the shop goes before one of all shops
preferred as (
    select
        *,
        row_number() over (partition by rule order by shop nulls last) as preference
    from {{ ref('risk_rules') }}
    where
        coalesce(shop, '{{ active_source() }}') = '{{ active_source() }}'
        and {{ is_faultless(ref('rsk_faults')) }}
),

typed as (
    select
        rule,
        cast(window_days as int) as window_days,
        cast(threshold as double) as threshold,
        cast(coalesce(least_count, '0') as int) as least_count,
        cast(points as double) as points,
        lower(may_reject) = 'true' as may_reject,
        reason_text,
        reason_text_zh
    from preferred
    where preference = 1
)

select * from typed
where points > 0
