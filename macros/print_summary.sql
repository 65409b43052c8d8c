{#
    What a build ends with: rows in and out, the live estimators beside the rules they
    beat, the head of the audience, seconds per layer, and where everything lies. Printed
    by `dbt build` itself, so that typing it by hand shows no less than make.
#}
{% macro print_summary(results) %}
    {%- if not execute or flags.WHICH not in ['build', 'run'] or not results -%}
        {{ return('') }}
    {%- endif -%}
    {%- set built = {} -%}
    {%- for result in results
        if result.node.resource_type == 'model' and result.status == 'success' -%}
        {%- do built.update({result.node.name: result.node.relation_name}) -%}
    {%- endfor -%}
    {%- if built.data_quality and built.int_rows_counted -%}
        {{ print_quality(built.data_quality, built.int_rows_counted) }}
    {%- endif -%}
    {%- if invocation_args_dict.selector == 'check_data' -%}{{ return('') }}{%- endif -%}
    {%- set failed = results | selectattr('status', 'in', ['error', 'fail']) | list -%}
    {%- if failed -%}
        {{ print(
            '\n' ~ failed | length ~ ' of ' ~ results | length ~ ' steps failed, first '
            ~ failed[0].node.name ~ ': no summary. What depends on it was left as it was.'
        ) }}
        {{ return('') }}
    {%- endif -%}
    {%- for result in results if result.node.resource_type == 'model' -%}
        {%- if result.node.name == 'row_reconciliation' -%}
            {{ print_rows(result.node.relation_name) }}
        {%- elif result.node.name == 'estimator_results' -%}
            {{ print_live_estimators(result.node.relation_name) }}
        {%- elif result.node.name == 'campaign_audience' -%}
            {%- if built.campaign_decisions and built.campaign_policies -%}
                {{ print_decisions(built.campaign_decisions, built.campaign_policies) }}
            {%- endif -%}
            {{ print_audience(result.node.relation_name) }}
        {%- endif -%}
    {%- endfor -%}
    {{ print_seconds(results) }}
    {{ print('\nDatabase ' ~ env_var('WAREHOUSE', 'warehouse/' ~ target.database ~ '.duckdb')
        ~ ', schemas core, features, scores, campaigns, evaluation.') }}
{% endmacro %}

{#
    A verdict per entity, what befell its rows, and each rule above its threshold. The
    whole of what `make check-data` says.
#}
{% macro print_quality(data_quality, rows_counted) %}
    {%- set counted = run_query(
        "select entity, sum(row_count), sum(row_count) filter (repairs is not null),"
        ~ " sum(row_count) filter (row_status = 'folded'),"
        ~ " sum(row_count) filter (row_status = 'rejected'), coalesce((select"
        ~ " bool_or(is_above_threshold) from " ~ data_quality ~ " as rules where"
        ~ " rules.entity = counted.entity), false) from " ~ rows_counted
        ~ " as counted group by entity order by entity"
    ) -%}
    {{ print('\n%-20s %10s %10s %10s %10s   %s' | format(
        'Rows read', 'in', 'repaired', 'folded', 'rejected', 'verdict'
    )) }}
    {%- for row in counted.rows -%}
        {{ print('  %-18s %10d %10d %10d %10d   %s' | format(
            row[0], row[1], row[2] or 0, row[3] or 0, row[4] or 0,
            ('too much' if row[5] else 'good')
        )) }}
    {%- endfor -%}
    {%- set without_rows = shop('entities')
        | reject('in', counted.columns[0].values() | list + ['people']) | list -%}
    {%- if without_rows -%}
        {{ print('  no rows: ' ~ without_rows | join(', ')) }}
    {%- endif -%}
    {%- for row in run_query(
        "select entity, outcome, rule, rows_met, row_share, threshold,"
        ~ " is_above_threshold from " ~ data_quality
        ~ " where rule <> 'any rule' or is_above_threshold"
        ~ " order by is_above_threshold desc, entity, outcome, rows_met desc, rule"
    ).rows -%}
        {%- if loop.first -%}
            {{ print('\nRules that met a row') }}
        {%- endif -%}
        {{ print('  %-18s %-9s %10d (%5.1f %%)  %s%s' | format(
            row[0], row[1], row[3], 100 * row[4], row[2],
            ('  <- above the ' ~ 100 * row[5] ~ ' % of var data_quality_thresholds'
            if row[6] else '')
        )) }}
    {%- endfor -%}
{% endmacro %}

{% macro print_rows(row_reconciliation) %}
    {%- set rows = run_query(
        'select entity, mart, rows_in, rows_out, rows_inferred, rows_folded, rows_rejected'
        ~ ' from ' ~ row_reconciliation ~ ' order by entity'
    ) -%}
    {{ print('\nRows: in, out, of which inferred; folded, rejected') }}
    {%- for row in rows -%}
        {{ print('  %-20s %10d %10d %8d %8d %8d   %s' | format(
            row[0], row[2], row[3], row[4], row[5], row[6], row[1]
        )) }}
    {%- endfor -%}
{% endmacro %}

{% macro print_live_estimators(estimator_results) %}
    {%- set rows = run_query(
        "select task, estimator_name, metric, metric_value, interval_low, interval_high,"
        ~ " best_rule_name, metric_value - gain_over_rule, row_count, positive_count from "
        ~ estimator_results
        ~ " where is_live and split_name = 'test' and row_set = 'all' and period = 'pooled'"
        ~ " and metric_value is not null and interval_low is not null"
        ~ " and metric in ('auc', 'average_precision', 'brier', 'lift_top_tenth')"
        ~ " order by task, metric"
    ) -%}
    {{ print('\nLive estimators on the test dates, 95 % interval, beside the best plain rule') }}
    {%- for row in rows -%}
        {%- set rule = ('%s %.3f' | format(row[6], row[7])) if row[6] and row[7] is not none else '' -%}
        {{ print('  %-10s %-20s %-18s %.4f [%.4f, %.4f]  %s' | format(
            row[0], row[1], row[2], row[3], row[4], row[5], rule
        )) }}
    {%- endfor -%}
{% endmacro %}

{#
    Next week's decisions, a line per campaign, beside what plain policies would earn
    under the same limits; then the first contacts.
#}
{% macro print_decisions(campaign_decisions, campaign_policies) %}
    {%- set rows = run_query(
        "select campaign_id, min(decision_status), count(*),"
        ~ " count(*) filter (decision = 'contact'),"
        ~ " count(*) filter (decision = 'holdout'),"
        ~ " coalesce(sum(expected_cost) filter (decision = 'contact'), 0),"
        ~ " coalesce(sum(expected_margin) filter (decision = 'contact'), 0) from "
        ~ campaign_decisions ~ " group by campaign_id order by min(decision_status) desc,"
        ~ " campaign_id"
    ) -%}
    {{ print('\nCampaigns decided: of the user base contacted, held out; expected cost'
        ~ ' and margin after cost') }}
    {%- for row in rows -%}
        {{ print('  %-44s %-8s %7d %7d %6d %10.2f %10.2f' | format(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6]
        )) }}
    {%- endfor -%}
    {%- set policies = run_query(
        "select policy, sum(contact_count), sum(expected_cost), sum(expected_margin),"
        ~ " max(budget_price) from " ~ campaign_policies
        ~ " where allocation_name = 'week' and decided_on = (select max(decided_on) from "
        ~ campaign_policies ~ ") group by policy order by 4 desc, policy"
    ) -%}
    {%- for row in policies -%}
        {%- if loop.first -%}
            {{ print('\nPolicies for the coming week under the same limits') }}
        {%- endif -%}
        {{ print('  %-18s %7d contacts, cost %10.2f, margin %10.2f%s' | format(
            row[0], row[1], row[2], row[3],
            (', one more unit of budget %.3f' | format(row[4])) if row[4] else ''
        )) }}
    {%- endfor -%}
{% endmacro %}

{% macro print_audience(campaign_audience) %}
    {%- set rows = run_query(
        'select campaign_id, audience_rank, user_id, offer_id, send_on, expected_margin,'
        ~ ' reasons from ' ~ campaign_audience
        ~ ' order by audience_rank, campaign_id limit 5'
    ) -%}
    {{ print('\nFirst rows of campaigns.campaign_audience') }}
    {%- for row in rows -%}
        {{ print('  %-16s %3d  %s  %-16s %s %6.2f  %s' | format(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6] or ''
        )) }}
    {%- endfor -%}
{% endmacro %}

{% macro print_seconds(results) %}
    {%- set seconds = {} -%}
    {%- for result in results -%}
        {%- set kind = result.node.resource_type -%}
        {%- set place = 'vault' if result.node.database == 'vault' else result.node.schema -%}
        {%- set layer = place if kind in ['model', 'seed'] else 'checks' -%}
        {%- do seconds.update({layer: seconds.get(layer, 0) + result.execution_time}) -%}
    {%- endfor -%}
    {{ print('\nSeconds per layer (summed over threads)') }}
    {%- for layer, spent in seconds.items() -%}
        {{ print('  %-14s %6.1f' | format(layer, spent)) }}
    {%- endfor -%}
{% endmacro %}
