-- one row per fault of seed risk_rules, as a sentence
with

risk_rules as (
    select * from {{ ref('risk_rules') }}
    where coalesce(shop, '{{ active_source() }}') = '{{ active_source() }}'
),

{% set checks = [
    ('rule', not_one_of('rule', known_risk_rules()), 'a rule of docs/risk.md'),
    ('window_days', not_between('window_days', 'bigint', 1, 3650),
        'whole days from 1 to 3650'),
    ('threshold', not_between('threshold', 'double', 0.000001), 'a number above 0'),
    ('least_count', 'least_count is not null and '
        ~ not_between('least_count', 'bigint', 0), 'a whole number from 0'),
    ('points', not_between('points', 'double', 0, 100), 'points from 0 to 100'),
    ('may_reject', not_one_of('lower(may_reject)', ['true', 'false']), 'true or false'),
    ('reason_text', 'reason_text is null', 'a sentence'),
    ('reason_text_zh', 'reason_text_zh is null', 'a sentence'),
] -%}
broken as (
    {% for column, fault, expected in checks -%}
        select {{ plan_sentence('risk_rules', 'rule', column, expected) }} as sentence
        from risk_rules
        where {{ fault }}
        union all
    {% endfor -%}
    select
        {{ plan_sentence('risk_rules', 'rule', 'shop', 'a shop of var shops') }}
            as sentence
    from {{ ref('risk_rules') }}
    where shop is not null and {{ not_one_of('shop', var('shops')) }}
),

repeated as (
    select
        concat(
            'Seed risk_rules, rule ', rule, ', column shop: expected once, found ',
            coalesce(shop, 'nothing'), ' ', cast(count(*) as string), ' times.'
        ) as sentence
    from risk_rules
    group by rule, shop
    having count(*) > 1
),

united as (
    select sentence from broken
    union all
    select sentence from repeated
)

select * from united
