-- one row per order of the last days: how suspect it was when it was placed, and why
{% set risk = var('risk') -%}
with

orders as (select * from {{ ref('rsk_orders') }}),

summed as (
    select
        order_id,
        least(sum(points), 100) as risk_score,
        least(
            sum(case when lapses_on is null then points else 0 end), 100
        ) as lasting_score,
        max(lapses_on) as lapses_on,
        count(*) as rule_count,
        bool_or(may_reject) as may_reject,
        {{ dbt.listagg('rule', "' '", 'order by points desc, rule') }} as rules,
        {{ dbt.listagg('reason_text', "' '", 'order by points desc, rule') }}
            as reasons,
        {{ dbt.listagg('reason_text_zh', "''", 'order by points desc, rule') }}
            as reasons_zh
    from {{ ref('rsk_rule_hits') }}
    group by order_id
),

judged as (
    select
        orders.*,
        coalesce(summed.risk_score, 0) as risk_score,
        coalesce(summed.lasting_score, 0) as lasting_score,
        summed.lapses_on,
        coalesce(summed.rule_count, 0) as rule_count,
        summed.rules,
        summed.reasons,
        summed.reasons_zh,
        case
            when
                summed.risk_score >= {{ risk.reject_score }}
                and summed.rule_count >= 2 and summed.may_reject
                then 'reject'
            when summed.risk_score >= {{ risk.review_score }} then 'review'
            else 'accept'
        end as action
    from orders
    left join summed on orders.order_id = summed.order_id
),

typed as (
    select
        order_id,
        user_id,
        cast(action as string) as action,
        cast(rules as string) as rules,
        cast(reasons as string) as reasons,
        cast(reasons_zh as string) as reasons_zh,
        cast(risk_score as double) as risk_score,
        cast(rule_count as bigint) as rule_count,
        cast(
            row_number() over (
                order by risk_score desc, net_amount desc, order_id asc
            ) as bigint
        ) as review_rank,
        net_amount,
        order_date,
        -- the day from which on the reasons that are left would not have made a review
        cast(
            case
                when
                    risk_score >= {{ risk.review_score }}
                    and lasting_score < {{ risk.review_score }}
                    then lapses_on
            end as date
        ) as lapses_on,
        ordered_at
    from judged
)

select * from typed
