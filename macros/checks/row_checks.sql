{#
    The checks of an entity, step by step: `fault_of` begins the case that rejects a row,
    `copy_number` above 1 marks an exact duplicate, `version_number` above 1 a key
    that comes again with other values, `verdict` decides. All follow the order of all
    columns, so that a build repeats to the byte.
#}

{# The first reasons against any row: a required value is unreadable or not there. #}
{% macro fault_of(required, relation='') -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    when {{ prefix }}read_fault is not null then {{ prefix }}read_fault
    {% for column in required -%}
    when {{ prefix }}{{ column }} is null then '{{ column }} is missing'
    {% endfor -%}
{%- endmacro %}

{#
    The first copy in the file delivered last counts: a repeated row is the shop's present
    statement, even if another version came in between.
#}
{% macro copy_number(columns) -%}
    row_number() over (
        partition by {{ columns | join(', ') }}
        order by source_file desc nulls last, source_row nulls last
    )
{%- endmacro %}

{#
    Of several versions of a key the last changed counts, then the last delivered; if the
    order is unknown, the first by its columns.
#}
{% macro version_number(key, columns) -%}
    dense_rank() over (
        partition by {{ key | join(', ') }}
        order by
            updated_at desc nulls last,
            source_file desc nulls last,
            {% for column in columns -%}
            {{ column }} nulls last{{ ',' if not loop.last }}
            {% endfor %}
    )
{%- endmacro %}

{# Another version of the key was changed or delivered later. #}
{% macro is_superseded(key) -%}
    coalesce(
        updated_at < max(updated_at) over (partition by {{ key | join(', ') }})
        or source_file < max(source_file) over (partition by {{ key | join(', ') }}),
        false
    )
{%- endmacro %}

{#
    The last steps of a checked model, from judged on: copies and versions are counted,
    and each row's fate is decided. Rows that come once under their key, nearly all of a
    large table, need no ranking: `often_unique` names the column that identifies them.
    With `within`, an id may come again under another value of that column, and is told
    apart by it; so is a row of which `reversal` is true from one of which it is not. A
    version may change all but `lasting`, a pair of expression and words:
    a row that has another value of it was no version, and is rejected.
#}
{% macro checked_rows(
    key, columns, often_unique=none, first_by=[], within=none, reversal=none, lasting=none
) -%}
{%- set same_key = key + [within, reversal] * (within is not none)
    + ['fault', 'copy_number > 1'] -%}
{% if often_unique -%}
repeated_ids as (
    select {{ often_unique }}
    from judged
    group by {{ often_unique }}
    having count(*) > 1
),

{% endif -%}
copied as (
    select
        judged.*,
        {%- if within %}
        coalesce(
            min(case when fault is null then {{ within }} end) over same_id
            <> max(case when fault is null then {{ within }} end) over same_id, false
        ) as is_used_again,
        coalesce(
            {{ reversal }}
            and min(case when fault is null then {{ reversal }} end) over same_id
            <> max(case when fault is null then {{ reversal }} end) over same_id, false
        ) as is_reversal_of_id,
        {%- endif %}
        {{ copy_number(columns) }} as copy_number
    from judged
    {%- if often_unique %}
    semi join repeated_ids on judged.{{ often_unique }} = repeated_ids.{{ often_unique }}
    {%- endif %}
    {%- if within %}
    window same_id as (partition by judged.{{ key | join(', judged.') }})
    {%- endif %}
),

numbered as (
    select
        *,
        {{ version_number(same_key, first_by + columns) }} as version_number,
        {{ is_superseded(same_key) }} as is_superseded
        {%- if lasting %},
        coalesce({{ lasting[0] }} <> first_value({{ lasting[0] }}) over (
            partition by {{ same_key | join(', ') }}
            order by updated_at desc nulls last, source_file desc nulls last
        ), false) as is_no_version
        {%- endif %}
    from copied
    {%- if often_unique %}
    union all
    select
        judged.*,
        {{ 'false as is_used_again, false as is_reversal_of_id,' if within }}
        1 as copy_number,
        1 as version_number,
        false as is_superseded
        {{- ', false as is_no_version' if lasting }}
    from judged
    anti join repeated_ids on judged.{{ often_unique }} = repeated_ids.{{ often_unique }}
    {%- endif %}
),

decided as (
    select
        {% for column in columns -%}
        {% if within and column in key -%}
        {{ column }}
        || case when is_used_again then ' of ' || {{ within }} else '' end
        || case when is_reversal_of_id then ' returned' else '' end as {{ column }},
        {% else -%}
        {{ column }},
        {% endif -%}
        {% endfor -%}
        source_file,
        source_row,
        {{ verdict(key, within, lasting) }}
    from numbered
)

select * from decided
{%- endmacro %}

{#
    The end of every checked model: what became of the row, why, and what was repaired.
    Reads fault, copy_number, version_number, is_superseded and repairs_made.
#}
{% macro verdict(key, within=none, lasting=none) -%}
    case
        when fault is not null then fault
        when copy_number > 1 then 'exact duplicate'
        {% if lasting -%}
        when version_number > 1 and is_superseded and is_no_version
            then '{{ key | join(", ") }} comes again {{ lasting[1] }}'
        {% endif -%}
        when version_number > 1 and is_superseded then 'superseded by a later version'
        when version_number > 1 then '{{ key | join(", ") }} comes again with other values'
    end as status_reason,
    {{ repairs_and_status(
        key | join(', ') ~ ' comes again in another order, told apart' if within
    ) }}
{%- endmacro %}

{% macro repairs_and_status(told_apart='') -%}
    case
        when status_reason is null
            {%- if told_apart %} and is_used_again
            then concat_ws(
                '; ', nullif(repairs_made, ''), '{{ told_apart }}'
            )
        when status_reason is null
            {%- endif %}
            then nullif(repairs_made, '')
    end as repairs,
    case
        when status_reason is null then 'kept'
        when status_reason in ('exact duplicate', 'superseded by a later version')
            then 'deduplicated'
        else 'rejected'
    end as row_status
{%- endmacro %}

{# What speaks against an instant: a clock that was never set, or runs ahead. #}
{% macro clock_fault(column, relation='') -%}
    {%- set instant = (relation ~ '.' if relation else '') ~ column -%}
    {%- set latest = run_started_at + modules.datetime.timedelta(days=2) -%}
    when {{ instant }} < cast('{{ var("earliest_year") }}-01-01' as timestamp)
        then '{{ column }} is before {{ var("earliest_year") }}'
    when {{ instant }} >= cast('{{ latest.strftime("%Y-%m-%d") }}' as timestamp)
        then '{{ column }} is in the future'
{%- endmacro %}

{# Rules that repaired a row, joined by '; '; each is an expression that may be null. #}
{% macro repairs_made(rules) -%}
    concat_ws('; ', read_repairs
        {%- for rule in rules -%}
        , {{ rule }}
        {%- endfor -%}
    )
{%- endmacro %}

{# 64 bits that stand for a key: text keys of many million rows cost a minute to group. #}
{% macro key_hash(columns) -%}
    {{ return(adapter.dispatch('key_hash')(columns)) }}
{%- endmacro %}

{% macro default__key_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__key_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}

{# The row as JSON text, for rejected_rows. #}
{% macro row_as_json(columns) -%}
    {{ return(adapter.dispatch('row_as_json')(columns)) }}
{%- endmacro %}

{% macro default__row_as_json(columns) -%}
    cast(to_json(struct_pack(
        {%- for column in columns %}
        {{ column }} := {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    )) as string)
{%- endmacro %}

{% macro spark__row_as_json(columns) -%}
    to_json(struct({{ columns | join(', ') }}))
{%- endmacro %}

{# The columns that came from the source: those of a checked model less the verdict. #}
{% macro source_columns(checked) -%}
    {% set names = adapter.get_columns_in_relation(checked) | map(attribute='name') %}
    {{ return(names | reject('in', 
            ['repairs', 'row_status', 'status_reason', 'source_file', 'source_row']
        ) | list) }}
{%- endmacro %}

{#
    A row about an order names the order's user, if it has one: erasure finds rows by user.
    The CTE has one row per order id of which no line is of a guest.
#}
{% macro orders_of_users() -%}
orders_of_users as (
    select order_id
    from {{ ref('int_transactions_checked') }}
    where row_status = 'kept'
    group by order_id
    having count(*) = count(user_id)
),
{%- endmacro %}

{% macro user_fault() -%}
    when source_rows.user_id is null and orders_of_users.order_id is not null
        then 'user_id is missing, and the order has one'
{%- endmacro %}
