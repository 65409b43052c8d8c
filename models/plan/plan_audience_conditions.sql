-- one row per condition of an audience rule that a planned campaign uses
{% set attributes = plan_attributes() -%}
with

rules as (
    select * from {{ ref('audience_rules') }}
    where shop = '{{ active_source() }}'
),

campaigns as (select * from {{ ref('plan_campaigns') }}),

typed as (
    select
        rules.audience_rule,
        row_number() over (
            partition by rules.audience_rule
            order by
                rules.attribute,
                rules.category,
                rules.brand,
                rules.product_id,
                rules.window_days,
                rules.operator,
                rules.value
        ) as condition_number,
        rules.attribute,
        rules.category,
        rules.brand,
        rules.product_id,
        try_cast(rules.window_days as bigint) as window_days,
        rules.operator,
        rules.value,
        try_cast(rules.value as double) as number_bound,
        {{ one_of('rules.attribute', attributes.of_goods + attributes.of_contacts) }}
            as is_activity
    from rules
    semi join campaigns on rules.audience_rule = campaigns.audience_rule
),

measured as (
    select
        *,
        case
            when not is_activity then attribute
            else
                concat(
                    attribute, ' ',
                    cast(dense_rank() over (
                        order by attribute, category, brand, product_id, window_days
                    ) as string)
                )
        end as measure_id
    from typed
)

select * from measured
