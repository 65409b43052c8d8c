{#
    What a build ends with: rows in and out, the live estimators beside the rules they
    beat, the head of the audience, seconds per layer, and where everything lies. Printed
    by `dbt build` itself, so that typing it by hand shows no less than make.
#}
{% macro print_summary(results) %}
    {%- if not execute or flags.WHICH not in ['build', 'run'] or not results -%}
        {{ return('') }}
    {%- endif -%}
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
            {{ print_audience(result.node.relation_name) }}
        {%- endif -%}
    {%- endfor -%}
    {{ print_seconds(results) }}
    {{ print('\nDatabase ' ~ env_var('WAREHOUSE', 'warehouse/' ~ target.database ~ '.duckdb')
        ~ ', schemas core, features, scores, campaigns, evaluation.') }}
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

{% macro print_audience(campaign_audience) %}
    {%- set rows = run_query(
        'select campaign_id, audience_rank, user_id, segment_name, contact_action, score,'
        ~ ' as_of_date from ' ~ campaign_audience
        ~ ' order by audience_rank, score desc, campaign_id limit 5'
    ) -%}
    {{ print('\nFirst rows of campaigns.campaign_audience') }}
    {{ print('  %-10s %4s  %-10s %-20s %-8s %s' | format(
        'campaign', 'rank', 'user', 'segment', 'action', 'score'
    )) }}
    {%- for row in rows -%}
        {{ print('  %-10s %4d  %-10s %-20s %-8s %.4f' | format(
            row[0], row[1], row[2], row[3], row[4], row[5]
        )) }}
    {%- endfor -%}
{% endmacro %}

{% macro print_seconds(results) %}
    {%- set seconds = {} -%}
    {%- for result in results -%}
        {%- set kind = result.node.resource_type -%}
        {%- set layer = result.node.schema if kind in ['model', 'seed'] else 'checks' -%}
        {%- do seconds.update({layer: seconds.get(layer, 0) + result.execution_time}) -%}
    {%- endfor -%}
    {{ print('\nSeconds per layer (summed over threads)') }}
    {%- for layer, spent in seconds.items() -%}
        {{ print('  %-14s %6.1f' | format(layer, spent)) }}
    {%- endfor -%}
{% endmacro %}
