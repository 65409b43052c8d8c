-- one row per task and metric of the test: plain rule, outside peer, live estimator
with

results as (
    select * from {{ ref('estimator_results') }}
    where split_name = 'test' and row_set = 'all' and period = 'pooled'
),

published as (
    select * from {{ ref('published_results') }}
    where source = '{{ active_source() }}'
),

peers as (
    {% for metric in ['auc', 'average_precision', 'brier'] -%}
        select
            task,
            '{{ metric }}' as metric,
            peer_name,
            {{ 'cast(null as double)' if metric == 'brier' else 'peer_' ~ metric }}
                as peer_value,
            reached_{{ metric }} as reached_value
        from published
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

rules as (
    select
        task,
        metric,
        estimator_name,
        metric_value
    from results
    where is_plain_rule
),

compared as (
    select
        results.task,
        results.metric,
        results.best_rule_name,
        peers.peer_name,
        results.estimator_name,
        results.row_count,
        rules.metric_value as rule_value,
        peers.peer_value,
        peers.reached_value,
        results.metric_value,
        results.interval_low,
        results.interval_high,
        results.gain_over_rule,
        results.gain_low
    from results
    left join rules
        on
            results.task = rules.task
            and results.metric = rules.metric
            and results.best_rule_name = rules.estimator_name
    left join peers
        on results.task = peers.task and results.metric = peers.metric
    where results.is_live
)

select * from compared
