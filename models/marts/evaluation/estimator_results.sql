-- one row per task, estimator or rule, split, row set, period and metric
with

evaluated as (
    select distinct
        metric_key,
        task,
        estimator_name,
        split_name,
        row_set,
        period,
        is_plain_rule
    from {{ ref('evaluated_rows') }}
),

ranking_metrics as (
    select * from {{ ref('ranking_metrics') }}
),

probability_metrics as (
    select * from {{ ref('probability_metrics') }}
),

amount_metrics as (
    select * from {{ ref('amount_metrics') }}
),

intervals as (
    select * from {{ ref('ml_estimator_intervals') }}
),

live as (
    select
        task,
        estimator_name
    from {{ ref('estimator_registry') }}
    where status = 'live'
),

metrics as (
    {% for metric in [
        'auc', 'within_auc', 'average_precision', 'lift_top_tenth'
    ] -%}
        select
            metric_key,
            '{{ metric }}' as metric,
            row_count,
            positive_count,
            {{ metric }} as metric_value
        from ranking_metrics
        union all
    {% endfor -%}
    {% for metric, column in {
        'brier': 'brier',
        'log_loss': 'log_loss',
        'calibration_error': 'calibration_error',
        'accuracy': 'told_accuracy',
        'precision': 'told_precision',
        'recall': 'told_recall',
        'f1': 'told_f1',
    }.items() -%}
        select
            probability_metrics.metric_key,
            '{{ metric }}' as metric,
            ranking_metrics.row_count,
            ranking_metrics.positive_count,
            probability_metrics.{{ column }} as metric_value
        from probability_metrics
        inner join ranking_metrics
            on probability_metrics.metric_key = ranking_metrics.metric_key
        union all
    {% endfor -%}
    {% for metric in [
        'mean_squared_error', 'mean_absolute_error', 'r_squared', 'total_ratio'
    ] -%}
        select
            metric_key,
            '{{ metric }}' as metric,
            row_count,
            cast(null as bigint) as positive_count,
            {{ metric }} as metric_value
        from amount_metrics
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

joined as (
    select
        evaluated.task,
        evaluated.estimator_name,
        evaluated.split_name,
        evaluated.row_set,
        evaluated.period,
        metrics.metric,
        intervals.best_rule_name,
        metrics.row_count,
        metrics.positive_count,
        metrics.metric_value,
        intervals.interval_low,
        intervals.interval_high,
        intervals.gain_over_rule,
        intervals.gain_low,
        intervals.gain_high,
        evaluated.is_plain_rule,
        live.estimator_name is not null as is_live
    from evaluated
    inner join metrics on evaluated.metric_key = metrics.metric_key
    left join intervals
        on
            evaluated.task = intervals.task
            and evaluated.estimator_name = intervals.estimator_name
            and evaluated.split_name = intervals.split_name
            and evaluated.row_set = intervals.row_set
            and evaluated.period = intervals.period
            and metrics.metric = intervals.metric
    left join live
        on
            evaluated.task = live.task
            and evaluated.estimator_name = live.estimator_name
)

select * from joined
