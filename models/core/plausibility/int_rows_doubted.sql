-- one row per entity and rule of plausibility: how many rows it doubts, with an example
{% set rules = [
    'amounts', 'arms', 'copies', 'dates', 'ids', 'rates', 'redemptions', 'refunds',
    'users', 'versions',
] -%}
with

united as (
    {% for rule in rules -%}
        select * from {{ ref('int_doubted_' ~ rule) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    entity,
    rule,
    cast(rows_judged as bigint) as rows_judged,
    cast(rows_met as bigint) as rows_met,
    cast(threshold as double) as threshold,
    example
from united
where rows_met > 0
