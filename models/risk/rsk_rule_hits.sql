-- one row per order and rule that fired on it, with the reason in words
{% set sources = [
    'rsk_velocity', 'rsk_order_history', 'rsk_order_goods', 'rsk_order_disputes',
    'rsk_order_coupons',
] -%}
with

rules as (select * from {{ ref('rsk_rules') }}),

measured as (
    {% for source in sources -%}
        select
            order_id,
            rule,
            rule_value,
            lapses_on
        from {{ ref(source) }}
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

fired as (
    select
        measured.order_id,
        measured.rule,
        measured.rule_value,
        measured.lapses_on,
        rules.points,
        rules.may_reject,
        rules.window_days,
        rules.reason_text,
        rules.reason_text_zh,
        case
            when measured.rule_value = floor(measured.rule_value)
                then cast(cast(measured.rule_value as bigint) as string)
            else cast(cast(measured.rule_value as decimal(18, 2)) as string)
        end as value_text
    from measured
    inner join rules on measured.rule = rules.rule
    where measured.rule_value >= rules.threshold
),

worded as (
    select
        order_id,
        rule,
        rule_value,
        lapses_on,
        points,
        may_reject,
        {{ filled_in('reason_text') }} as reason_text,
        {{ filled_in('reason_text_zh') }} as reason_text_zh
    from fired
)

select * from worded
