{# Whether a number of users is of somebody, and of too few to be published. #}
{% macro is_few(users) -%}
    {{ users }} between 1 and {{ var('minimum_cell_users') - 1 }}
{%- endmacro %}

{#
    Whether all of a cell did the same, or so nearly that anyone in it could tell what the
    others did: its rate is not published (homogeneity attack: Machanavajjhala and others,
    l-diversity, 2007). False for a cell of nobody.
#}
{% macro is_uniform(part, whole) -%}
    ({{ whole }} > 0 and least({{ part }}, {{ whole }} - {{ part }})
    < {{ var('minimum_differing_users') }})
{%- endmacro %}

{#
    Whether the rate of a cell may be published: it is not uniform, nor is what remains of
    the whole less the published cells; where it is, the smallest of these goes, too.
    `all_cells` names the whole, whose cell is the largest, `siblings` the cells of one cut,
    `cell` breaks ties. For a select list.
#}
{% macro is_rate_shown(part, whole, all_cells, siblings, cell) -%}
    {%- set uniform = is_uniform(part, whole) -%}
    {%- set remaining = [] -%}
    {%- for count in [part, whole] -%}
        {%- do remaining.append(
            'max(' ~ count ~ ') over (partition by ' ~ all_cells ~ ') - sum(case when '
            ~ uniform ~ ' then 0 else ' ~ count ~ ' end) over (partition by ' ~ siblings
            ~ ')'
        ) -%}
    {%- endfor -%}
    not {{ uniform }} and not (
        {{ is_uniform('(' ~ remaining[0] ~ ')', '(' ~ remaining[1] ~ ')') }}
        and row_number() over (
            partition by {{ siblings }} order by {{ uniform }}, {{ whole }}, {{ cell }}
        ) = 1
    )
{%- endmacro %}

{# Columns with figures, null where they are of too few users. #}
{% macro unless_few(figures, users='user_count') -%}
    {% for figure in figures -%}
        case when not {{ is_few(users) }} then {{ figure }} end as {{ figure }}
        {{- ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

{#
    Whether a cell may be published: it has no user or at least `minimum_cell_users`, and
    does not reveal its siblings. Where the suppressed siblings have so few users that a
    total less the published cells would reveal them, the smallest remaining cell is
    suppressed, too (complementary suppression: Hundepool and others, Statistical
    Disclosure Control, 2012, chapter 4).

    `users` counts the users of a cell, `siblings` names the whole that cells add up to,
    `cell` breaks ties. `hidden_users` are the users of siblings too small to publish: by
    default their sum, which is wrong where a user may be in several cells; `rest` are
    users of the whole in no cell. For a qualify clause.
#}
{% macro is_shown(users, siblings, cell, hidden_users=none, rest='0') -%}
    {%- set least = var('minimum_cell_users') -%}
    {%- set is_small = is_few(users) -%}
    {%- set hidden = hidden_users or
        'sum(case when ' ~ is_small ~ ' then ' ~ users ~ ' else 0 end) over (partition by '
        ~ siblings ~ ')' -%}
    not ({{ is_small }})
    and not (
        {{ is_few(hidden ~ ' + ' ~ rest) }}
        and row_number() over (
            partition by {{ siblings }}
            order by {{ users }} < {{ least }}, {{ users }}, {{ cell }}
        ) = 1
    )
{%- endmacro %}
