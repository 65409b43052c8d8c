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
    {%- set is_small = users ~ ' between 1 and ' ~ (least - 1) -%}
    {%- set hidden = hidden_users or
        'sum(case when ' ~ is_small ~ ' then ' ~ users ~ ' else 0 end) over (partition by '
        ~ siblings ~ ')' -%}
    not ({{ is_small }})
    and not (
        {{ hidden }} + {{ rest }} between 1 and {{ least - 1 }}
        and row_number() over (
            partition by {{ siblings }}
            order by {{ users }} < {{ least }}, {{ users }}, {{ cell }}
        ) = 1
    )
{%- endmacro %}
