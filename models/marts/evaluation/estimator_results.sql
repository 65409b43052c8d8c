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

intervals as (
    select * from {{ ref('ml_estimator_intervals') }}
),

-- where no estimator may go live, a plain rule is
live as (
    select
        task,
        case
            when estimator_name = 'plain_rule' then best_rule_name
            else estimator_name
        end as estimator_name
    from {{ ref('estimator_registry') }}
    where status = 'live'
),

metrics as (
    {% for metric in ['auc', 'within_auc', 'average_precision', 'lift_top_tenth'] -%}
        select
            metric_key,
            '{{ metric }}' as metric,
            {{ metric }} as metric_value
        from ranking_metrics
        union all
    {% endfor -%}
    {% for metric in ['brier', 'log_loss', 'calibration_error'] -%}
        select
            metric_key,
            '{{ metric }}' as metric,
            {{ metric }} as metric_value
        from probability_metrics
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
        ranking_metrics.row_count,
        ranking_metrics.positive_count,
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
    inner join ranking_metrics on evaluated.metric_key = ranking_metrics.metric_key
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
