{#
    A view names no database in its SQL, so that who attaches a copy of the database under
    another name reads the copy.
#}
{% macro duckdb__create_view_as(relation, sql) -%}
    {%- set own = adapter.quote(target.database) ~ '.' -%}
    {{ return(dbt.duckdb__create_view_as(
        relation,
        sql | replace(own, '') if relation.database == target.database else sql
    )) }}
{%- endmacro %}
