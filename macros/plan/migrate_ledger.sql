{#
    What brought the ledger to the columns and words of today, in order: no build can make
    that table anew. Each may run again; what stands here once is never changed.
#}
{% macro ledger_migrations() -%}
    {{ return([
        'alter table # add column if not exists reasons_zh varchar;'
        ~ ' update # set reasons_zh = reasons where reasons_zh is null',
        "update # set decision = 'control', arm = 'control' where decision = 'holdout'",
        'alter table # add column if not exists build_id varchar',
        'alter table # add column if not exists is_global_control boolean;'
        ~ ' alter table # add column if not exists control_draw varchar;'
        ~ " update # set is_global_control = contains(reasons, 'the global control group'), control_draw = '"
        ~ control_draw() ~ "' where control_draw is null and revision_number = 1",
        'alter table # add column if not exists choice_basis varchar;'
        ~ ' alter table # add column if not exists propensity double;'
        ~ ' alter table # add column if not exists contacted_probability double;'
        ~ ' alter table # add column if not exists baseline_probability double;'
        ~ ' alter table # add column if not exists increment_low double;'
        ~ ' alter table # add column if not exists increment_high double;'
        ~ ' alter table # add column if not exists margin_low double;'
        ~ ' alter table # add column if not exists margin_high double',
        'alter table # add column if not exists campaign_type varchar;'
        ~ ' alter table # add column if not exists starts_on date;'
        ~ ' alter table # add column if not exists ends_on date',
    ]) }}
{%- endmacro %}

{# Runs the migrations that the ledger has not had; a restored one may lack any. #}
{% macro migrate_ledger() -%}
    {%- set ledger = adapter.get_relation(
        target.database, generate_schema_name('campaigns', none), 'decision_ledger'
    ) if writes_tables() -%}
    {%- if ledger -%}
        {%- set table = 'builds.ledger_migrations' -%}
        {%- do run_query('create table if not exists ' ~ table ~ ' (number integer)') -%}
        {%- set done = run_query('select count(*) from ' ~ table).rows[0][0] -%}
        {%- for migration in ledger_migrations()[done:] -%}
            {{ migration | replace('#', ledger | string) }};
            insert into {{ table }} values ({{ done + loop.index }});
        {% endfor -%}
    {%- endif -%}
{%- endmacro %}
