{#
    Whether so many of a campaign's users were seen in both of its arms that its effect
    cannot be trusted. `arm` is the column that says so; for an aggregate over users.
#}
{% macro are_arms_mixed(arm) -%}
    coalesce(
        avg(case when {{ arm }} = 'both' then 1.0 else 0.0 end)
        > {{ var('experiment_max_both_arms_share') }}, false
    )
{%- endmacro %}
