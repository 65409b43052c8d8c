-- one row per task and metric of the test: baseline, outside peer, champion
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

baselines as (
    select
        task,
        metric,
        estimator_name,
        metric_value
    from results
    where is_baseline
),

compared as (
    select
        results.task,
        results.metric,
        results.best_baseline_name,
        peers.peer_name,
        results.estimator_name,
        results.row_count,
        baselines.metric_value as baseline_value,
        peers.peer_value,
        peers.reached_value,
        results.metric_value,
        results.interval_low,
        results.interval_high,
        results.gain_over_baseline,
        results.gain_low
    from results
    left join baselines
        on
            results.task = baselines.task
            and results.metric = baselines.metric
            and results.best_baseline_name = baselines.estimator_name
    left join peers
        on results.task = peers.task and results.metric = peers.metric
    where results.is_champion
)

select * from compared
