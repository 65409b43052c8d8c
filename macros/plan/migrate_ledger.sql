{# Brings the ledger of an earlier version to today's words: it is no table that a build makes anew. #}
{% macro migrate_ledger() -%}
    {%- set ledger = adapter.get_relation(
        target.database, generate_schema_name('campaigns', none), 'decision_ledger'
    ) if execute and flags.WHICH in ['build', 'run'] -%}
    {%- if ledger -%}
        update {{ ledger }} set decision = 'control', arm = 'control'
        where decision = 'holdout'
    {%- endif -%}
{%- endmacro %}
