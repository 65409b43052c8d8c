-- one row per kind of id that lines name: ids of its file that no line names
{# Counted only where at most 1 % of the ids on lines are in the file (var). #}
{% set kinds = {'user_id': 'users', 'product_id': 'products'} -%}
with

lines as (
    select * from {{ ref('int_transactions_checked') }}
    where row_status = 'kept'
),

{% for id, entity in kinds.items() -%}
    {{ entity }} as (
        select {{ id }} as id from {{ ref('int_' ~ entity ~ '_checked') }}
        where row_status = 'kept'
    ),

    {{ entity }}_named as (
        select
            {{ id }} as id,
            min_by(
                {{ place_of_row() }} || '{{ id }} stands in no row of {{ entity }}',
                {{ order_in_files('transaction_id') }}
            ) as example
        from lines
        where {{ id }} is not null
        group by {{ id }}
    ),

    {{ entity }}_counted as (
        select
            '{{ entity }}' as entity,
            'hardly a {{ id }} of the lines is in {{ entity }}' as rule,
            count({{ entity }}.id) as listed_count,
            count({{ entity }}_named.id) as named_count,
            count(case when {{ entity }}_named.id is not null then {{ entity }}.id end)
                as common_count,
            min(case when {{ entity }}.id is null then {{ entity }}_named.example end)
                as example
        from {{ entity }}
        full outer join {{ entity }}_named on {{ entity }}.id = {{ entity }}_named.id
    ),

{% endfor -%}
counted as (
    {% for entity in kinds.values() -%}
        select * from {{ entity }}_counted
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        entity,
        rule,
        listed_count as rows_judged,
        case
            -- where nearly all are guests nothing can be said
            when
                named_count >= {{ var('doubt_least_rows') }}
                and common_count
                <= (1 - {{ var('doubt_thresholds').unmatched_ids }}) * named_count
                then listed_count - common_count
            else 0
        end as rows_met,
        {{ var('doubt_thresholds').unmatched_ids }} as threshold,
        example
    from counted
)

select * from judged
