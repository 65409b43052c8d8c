-- one row per task, estimator or baseline, split, row set, period and metric
with

slices as (
    select * from {{ ref('evaluated_slices') }}
    where is_shown
),

ranking_metrics as (select * from {{ ref('ranking_metrics') }}),
probability_metrics as (select * from {{ ref('probability_metrics') }}),
amount_metrics as (select * from {{ ref('amount_metrics') }}),
intervals as (select * from {{ ref('ml_estimator_intervals') }}),

champions as (
    select
        task,
        estimator_name
    from {{ ref('estimator_registry') }}
    where status = 'champion'
),

metrics as (
    {% for metric in [
        'auc', 'within_auc', 'average_precision', 'lift_top_tenth'
    ] -%}
        select
            slice_number,
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
        'accuracy': 'accuracy_at_half',
        'precision': 'precision_at_half',
        'recall': 'recall_at_half',
        'f1': 'f1_at_half',
    }.items() -%}
        select
            probability_metrics.slice_number,
            '{{ metric }}' as metric,
            ranking_metrics.row_count,
            ranking_metrics.positive_count,
            probability_metrics.{{ column }} as metric_value
        from probability_metrics
        inner join ranking_metrics
            on probability_metrics.slice_number = ranking_metrics.slice_number
        union all
    {% endfor -%}
    {% for metric in [
        'mean_squared_error', 'mean_absolute_error', 'r_squared', 'total_ratio'
    ] -%}
        select
            slice_number,
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
        slices.task,
        slices.estimator_name,
        slices.split_name,
        slices.row_set,
        slices.period,
        metrics.metric,
        intervals.best_baseline_name,
        slices.user_count,
        metrics.row_count,
        metrics.positive_count,
        metrics.metric_value,
        intervals.interval_low,
        intervals.interval_high,
        intervals.gain_over_baseline,
        intervals.gain_low,
        intervals.gain_high,
        slices.is_baseline,
        champions.estimator_name is not null as is_champion
    from slices
    inner join metrics on slices.slice_number = metrics.slice_number
    left join intervals
        on
            slices.task = intervals.task
            and slices.estimator_name = intervals.estimator_name
            and slices.split_name = intervals.split_name
            and slices.row_set = intervals.row_set
            and slices.period = intervals.period
            and metrics.metric = intervals.metric
    left join champions
        on
            slices.task = champions.task
            and slices.estimator_name = champions.estimator_name
)

select * from joined
