{#
    The record of builds: schema `builds` of the database, which no model makes.
    `runs` has a row per command that writes tables, `nodes` a row per model or test that
    is failed or stale. A launch counts once its build is whole: see `end_build`.
#}

{# Whether this command of dbt writes tables. #}
{% macro writes_tables() -%}
    {{ return(execute and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'retry']) }}
{%- endmacro %}

{# Makes the empty record, unless there is one. #}
{% macro make_record() -%}
    {%- do run_query('create schema if not exists builds') -%}
    {%- do run_query(
        'create table if not exists builds.runs (build_id text, command text,'
        ~ ' shop text, git_commit text, pseudonym_key text, started_at timestamp,'
        ~ ' ended_at timestamp, whole_at timestamp)'
    ) -%}
    {%- for column in ['vault_key', 'erasure_key', 'inputs', 'made_of'] -%}
        {%- do run_query('alter table builds.runs add column if not exists ' ~ column ~ ' text') -%}
    {%- endfor -%}
    {%- do run_query(
        'create table if not exists builds.nodes (node_id text, trouble text)'
    ) -%}
{%- endmacro %}

{# What is to be built is stale until it is; what an interrupted build launched is void. #}
{% macro begin_build() -%}
    {%- if writes_tables() -%}
        {%- do make_record() -%}
        {%- set fault = run_query('select pseudonym_fault()').rows[0][0] -%}
        {%- if fault -%}{{ exceptions.raise_compiler_error(fault) }}{%- endif -%}
        {%- set last = run_query(
            'select erasure_key from builds.runs order by started_at desc limit 1'
        ).rows -%}
        {%- if last -%}
            {%- do refuse_other_key('erasure', last[0][0]) -%}
        {%- else -%}
            {%- do mark_stale(graph.nodes) -%}
        {%- endif -%}
        {#- until they are built: this build may be killed -#}
        {%- do mark_stale(selected_resources) -%}
        {%- do take_back_launches() -%}
        {{ keep_ledger() }}
        insert into builds.runs by name
        select
            '{{ invocation_id }}' as build_id,
            '{{ flags.WHICH }}' as command,
            '{{ active_source() }}' as shop,
            git_commit() as git_commit,
            key_fingerprint('pseudonym') as pseudonym_key,
            key_fingerprint('vault') as vault_key,
            key_fingerprint('erasure') as erasure_key,
            {{ 'inputs_fingerprint(' ~ text_literal(shop_folder()) ~ ')'
                if shop('folder') else 'null' }} as inputs,
            made_of() as made_of,
            {{ now_in_utc() }} as started_at
    {%- endif -%}
{%- endmacro %}

{# Stops where a key is not that of the last build. #}
{% macro refuse_other_key(name, last) -%}
    {%- set now = run_query("select key_fingerprint('" ~ name ~ "')").rows[0][0] -%}
    {%- if last and last != now -%}
        {{ exceptions.raise_compiler_error(
            'Nothing was built: this database was built with ' ~ name ~ ' key ' ~ last
            ~ ' (fingerprint), the key of now is ' ~ (now or 'missing')
            ~ '. Put the key of then back into .secrets/' ~ name ~ '.key.'
        ) }}
    {%- endif -%}
{%- endmacro %}

{# Records what came of a build. Once it is whole, its launches are final. #}
{% macro end_build(results) -%}
    {%- if execute and (writes_tables() or flags.WHICH == 'test') -%}
        {%- do make_record() -%}
        {%- do note_trouble(results) -%}
        {%- if flags.EMPTY -%}{%- do mark_stale(graph.nodes) -%}{%- endif -%}
        {%- set trouble = "from builds.nodes where trouble <> 'kept back'"
            if var('launches_need_a_whole_build')
            else "from builds.nodes where trouble = 'failed'" -%}
        {%- if run_query(trouble ~ ' limit 1').rows -%}
            {%- do take_back_launches() -%}
        {%- endif -%}
        update builds.runs
        set
            ended_at = {{ now_in_utc() }},
            whole_at = case
                when not exists ({{ trouble }}) then {{ now_in_utc() }}
            end
        where build_id = '{{ invocation_id }}'
    {%- endif -%}
{%- endmacro %}

{# Writes what was launched beside the database: see operations/build/ledger.py. #}
{% macro keep_ledger() -%}
    {%- if writes_tables() -%}
        {%- set sentence = run_query('select keep_ledger()').rows[0][0] -%}
        {%- if sentence -%}{{ print(sentence) }}{%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Writes builds.nodes anew: see operations/build/wholeness.py. #}
{% macro note_trouble(results) -%}
    {%- set nodes = {} -%}
    {#- dbt makes a dict of a node whenever the graph is asked for it -#}
    {%- set node_ids = graph.nodes | list -%}
    {%- for node in graph.nodes.values()
        if node.resource_type in ['model', 'seed', 'snapshot', 'test'] -%}
        {%- do nodes.update({node.unique_id: {
            'kind': node.resource_type,
            'parents': node.depends_on.nodes | select('in', node_ids) | list,
            'is_view': node.config.materialized in ['view', 'ephemeral'],
            'tags': node.tags,
            'is_figure': node.config.meta.get('is_figure', false),
        }}) -%}
    {%- endfor -%}
    {%- set statuses = {} -%}
    {%- for result in results -%}
        {%- do statuses.update({result.node.unique_id: result.status | string}) -%}
    {%- endfor -%}
    {%- do run_query(
        'create or replace table builds.nodes as select unnest(map_keys(found)) as node_id,'
        ~ ' unnest(map_values(found)) as trouble from (select cast(cast(nodes_in_trouble('
        ~ json_literal(nodes) ~ ', ' ~ json_literal(statuses) ~ ', (select cast(coalesce('
        ~ "json_group_object(node_id, trouble), '{}') as text) from builds.nodes)"
        ~ ') as json) as map(text, text)) as found)'
    ) -%}
{%- endmacro %}

{# These tables are to be built anew; of what only `make backtest` makes none is. #}
{% macro mark_stale(node_ids) -%}
    {%- set names = [] -%}
    {%- for node_id in node_ids
        if node_id.split('.')[0] in ['model', 'seed']
        and 'full_grid' not in graph.nodes[node_id].tags -%}
        {%- do names.append(node_id) -%}
    {%- endfor -%}
    {%- do run_query(
        'insert into builds.nodes select node_id, ' ~ "'stale' from (select unnest(cast("
        ~ 'cast(' ~ json_literal(names) ~ ' as json) as text[])) as node_id)'
        ~ ' where node_id not in (select node_id from builds.nodes)'
    ) -%}
{%- endmacro %}

{# Removes decisions of builds that are not whole: nothing of them was published or sent. #}
{% macro take_back_launches() -%}
    {#- asked of the catalogue: the adapter's own question would open a transaction -#}
    {%- set ledger = generate_schema_name('campaigns', none) ~ '.decision_ledger' -%}
    {%- if run_query(
        "select 1 from information_schema.columns where column_name = 'build_id' and"
        ~ " table_schema || '.' || table_name = '" ~ ledger ~ "'"
    ).rows -%}
        {%- set void = ' from ' ~ ledger ~ ' where build_id in ('
            ~ 'select build_id from builds.runs where whole_at is null)' -%}
        {%- set counts = run_query(
            'select count(*), count(distinct campaign_id)' ~ void
        ).rows[0] -%}
        {%- if counts[0] -%}
            {%- do run_query('delete' ~ void) -%}
            {%- do run_query(
                "insert into builds.nodes select node_id, 'stale' from (select 'model."
                ~ project_name ~ ".decision_ledger' as node_id) where node_id not in"
                ~ ' (select node_id from builds.nodes)'
            ) -%}
            {{ print(
                'Took back ' ~ counts[0] ~ ' decisions of ' ~ counts[1] ~ ' campaigns:'
                ~ ' the build that launched them did not come to a whole end.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# The current instant, without a zone, as dbt's own logs write it. #}
{% macro now_in_utc() -%}
    {{ return("cast(get_current_timestamp() at time zone 'UTC' as timestamp)") }}
{%- endmacro %}

{# A value as JSON, in quotes for SQL. #}
{% macro json_literal(value) -%}
    {{ return("'" ~ tojson(value) | replace("'", "''") ~ "'") }}
{%- endmacro %}
