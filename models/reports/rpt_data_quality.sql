-- one row per entity that the shop has rows of, and what became of its rows
with

reconciled as (
    select * from {{ ref('row_reconciliation') }}
    where rows_in > 0
),

outcomes as (
    {% for outcome in ['kept', 'repaired', 'deduplicated', 'rejected', 'inferred'] -%}
        select
            entity,
            '{{ outcome }}' as outcome,
            rows_in,
            rows_{{ outcome }} as row_count
        from reconciled
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

shared as (
    select
        entity,
        outcome,
        rows_in,
        row_count,
        round(row_count / cast(rows_in as double), 12) as row_share
    from outcomes
)

select * from shared
