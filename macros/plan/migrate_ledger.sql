{# Brings the ledger of an earlier version up to date: no build can make that table anew. #}
{% macro migrate_ledger() -%}
    {%- set ledger = adapter.get_relation(
        target.database, generate_schema_name('campaigns', none), 'decision_ledger'
    ) if execute and flags.WHICH in ['build', 'run'] -%}
    {%- if ledger -%}
        alter table {{ ledger }} add column if not exists reasons_zh varchar;
        update {{ ledger }} set reasons_zh = reasons where reasons_zh is null;
        update {{ ledger }} set decision = 'control', arm = 'control'
        where decision = 'holdout'
    {%- endif -%}
{%- endmacro %}
