-- one row per kind of dispute, and one for all: how well order_risk found such orders
{% set risk = var('risk') -%}
with

orders as (select * from {{ ref('order_risk') }}),

scoring as (
    select
        as_of_date,
        {{ utc_timestamp('cast(as_of_date as timestamp)') }} as known_until
    from {{ ref('as_of_dates') }}
    where is_scoring_date
),

-- what is known by now: an open dispute is no label, nor is one that was reversed
labels as (
    select
        disputes.order_id,
        disputes.user_id,
        disputes.dispute_kind,
        coalesce(
            disputes.is_upheld and disputes.resolved_at <= scoring.known_until, false
        ) as is_upheld,
        coalesce(disputes.resolved_at > scoring.known_until, true) as is_open
    from {{ ref('order_disputes') }} as disputes
    cross join scoring
    where disputes.reported_at <= scoring.known_until
),

labelled as (
    select
        order_id,
        user_id,
        bool_or(is_upheld) as is_upheld,
        bool_or(is_open) as is_open
    from labels
    group by order_id, user_id
),

-- an order too young to be disputed is not honest yet
old_enough as (
    select
        orders.*,
        coalesce(labelled.is_upheld, false) as is_fraud,
        row_number() over (order by orders.review_rank) as judged_rank
    from orders
    cross join scoring
    left join labelled
        on
            orders.order_id = labelled.order_id
            and {{ same_user('orders.user_id', 'labelled.user_id') }}
    where
        orders.order_date
        <= {{ days_after('scoring.as_of_date', '-' ~ risk.label_delay_days) }}
        and (
            labelled.is_open is null or labelled.is_upheld or not labelled.is_open
        )
),

kinds as (
    select distinct dispute_kind from labels
    where is_upheld
    union all
    select distinct 'all' as dispute_kind from labels
    where is_upheld
),

-- for a kind, what was fraud of other kinds is left out
ranked as (
    select
        kinds.dispute_kind,
        old_enough.*,
        row_number() over (
            partition by kinds.dispute_kind order by old_enough.review_rank
        ) as kind_rank,
        sum(cast(old_enough.is_fraud as int)) over (
            partition by kinds.dispute_kind order by old_enough.review_rank
            rows between unbounded preceding and current row
        ) as found_until
    from old_enough
    cross join kinds
    left join labels
        on
            old_enough.order_id = labels.order_id
            and kinds.dispute_kind = labels.dispute_kind
            and labels.is_upheld
    where
        not old_enough.is_fraud
        or kinds.dispute_kind = 'all'
        or labels.order_id is not null
),

counted as (
    select
        dispute_kind,
        count(*) as order_count,
        count_if(is_fraud) as fraud_count,
        count_if(judged_rank <= {{ risk.review_capacity }}) as looked_at_count,
        count_if(is_fraud and judged_rank <= {{ risk.review_capacity }})
            as found_count,
        avg(case when is_fraud then found_until / cast(kind_rank as double) end)
            as average_precision,
        avg(case when not is_fraud then cast(action <> 'accept' as int) end)
            as stopped_share,
        sum(case when is_fraud and action <> 'accept' then net_amount else 0 end)
            as saved_amount,
        sum(case when is_fraud and action = 'accept' then net_amount else 0 end)
            as missed_amount,
        sum(
            case when not is_fraud and action <> 'accept' then net_amount else 0 end
        ) as stopped_amount
    from ranked
    group by dispute_kind
),

typed as (
    select
        cast(dispute_kind as string) as dispute_kind,
        cast(order_count as bigint) as order_count,
        cast(fraud_count as bigint) as fraud_count,
        fraud_count / nullif(cast(order_count as double), 0) as chance_precision,
        average_precision,
        -- of orders of all kinds that people can look at
        case
            when dispute_kind = 'all'
                then found_count / nullif(cast(looked_at_count as double), 0)
        end as precision_at_capacity,
        found_count / nullif(cast(fraud_count as double), 0) as recall_at_capacity,
        cast(stopped_share as double) as stopped_share,
        cast(saved_amount as decimal(18, 2)) as saved_amount,
        cast(missed_amount as decimal(18, 2)) as missed_amount,
        cast(stopped_amount as decimal(18, 2)) as stopped_amount
    from counted
)

select * from typed
