-- one row per entity, outcome and rule: how many rows it met, against the threshold
with

rows_counted as (select * from {{ ref('int_rows_counted') }}),

-- a row may be repaired by several rules
numbers as (
    {{ dbt.generate_series(20) }}
),

repairs_listed as (
    select
        rows_counted.entity,
        'repaired' as outcome,
        {{ dbt.split_part('rows_counted.repairs', "'; '", 'numbers.generated_number') }}
            as rule,
        rows_counted.row_count
    from rows_counted
    cross join numbers
    where rows_counted.repairs is not null
),

rules_met as (
    select * from repairs_listed
    where rule <> ''
    union all
    select
        entity,
        row_status as outcome,
        status_reason as rule,
        row_count
    from rows_counted
    where status_reason is not null
    union all
    select
        entity,
        row_status as outcome,
        'any rule' as rule,
        row_count
    from rows_counted
    where row_status = 'rejected'
),

rows_seen as (
    select
        entity,
        sum(row_count) as row_count
    from rows_counted
    group by entity
),

rules_counted as (
    select
        entity,
        outcome,
        rule,
        sum(row_count) as row_count
    from rules_met
    group by entity, outcome, rule
),

shared as (
    select
        rules_counted.entity,
        rules_counted.outcome,
        rules_counted.rule,
        cast(rows_seen.row_count as bigint) as rows_seen,
        cast(rules_counted.row_count as bigint) as rows_met,
        rules_counted.row_count / cast(rows_seen.row_count as double) as row_share,
        case rules_counted.outcome
            {% for outcome, threshold in var('data_quality_thresholds').items() -%}
                when '{{ outcome }}' then {{ threshold }}
            {% endfor -%}
        end as threshold
    from rules_counted
    inner join rows_seen on rules_counted.entity = rows_seen.entity
    union all
    -- kept, yet hardly right: each rule has a threshold of its own
    select
        entity,
        'doubted' as outcome,
        rule,
        rows_judged as rows_seen,
        rows_met,
        rows_met / cast(rows_judged as double) as row_share,
        case
            -- where none is allowed, none is
            when rows_met < {{ var('doubt_least_rows') }} and threshold > 0 then 1
            else threshold
        end as threshold
    from {{ ref('int_rows_doubted') }}
),

compared as (
    select
        entity,
        outcome,
        rule,
        rows_seen,
        rows_met,
        row_share,
        cast(threshold as double) as threshold,
        row_share > threshold as is_above_threshold
    from shared
)

select * from compared
