-- one row per task, period of the test, metric and baseline: how much the chances gain
with

results as (
    select * from {{ ref('estimator_results') }}
    where
        task in ('reach_tier', 'lose_tier')
        and split_name = 'test'
        and row_set = 'all'
),

periods as (
    select
        task,
        period,
        estimator_name,
        user_count,
        row_count,
        positive_count,
        metric_value
    from results
    where is_champion and metric = 'brier'
),

chances as (select * from {{ ref('mbr_judged_chances') }}),

-- squared errors saved, summed by user: a user's rows are not independent
by_user as (
    {% for name in ['pace', 'band'] -%}
        select
            task,
            period,
            '{{ {"pace": "pace", "band": "pace_in_hindsight"}[name] }}'
                as baseline_name,
            user_id,
            count(*) as row_count,
            sum(power({{ name }}_chance - outcome, 2)) as baseline_error,
            sum(
                power({{ name }}_chance - outcome, 2) - power(prediction - outcome, 2)
            ) as gain
        from chances
        group by task, period, user_id
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

means as (
    select
        *,
        sum(gain) over of_baseline / sum(row_count) over of_baseline as mean_gain
    from by_user
    window of_baseline as (partition by task, period, baseline_name)
),

summed as (
    select
        task,
        period,
        baseline_name,
        sum(baseline_error) / sum(row_count) as baseline_value,
        max(mean_gain) as gain,
        {{ normal_reach(0.95) }} * sqrt(
            sum(power(gain - mean_gain * row_count, 2))
            * count(*) / nullif(count(*) - 1, 0)
        ) / sum(row_count) as half_width
    from means
    group by task, period, baseline_name
),

united as (
    select
        periods.task,
        periods.period,
        'brier' as metric,
        summed.baseline_name,
        periods.user_count,
        periods.row_count,
        periods.positive_count,
        periods.metric_value,
        summed.baseline_value,
        summed.gain,
        summed.gain - summed.half_width as gain_low,
        summed.gain + summed.half_width as gain_high
    from periods
    inner join summed
        on periods.task = summed.task and periods.period = summed.period
    union all
    select
        champions.task,
        champions.period,
        champions.metric,
        champions.best_baseline_name as baseline_name,
        champions.user_count,
        champions.row_count,
        champions.positive_count,
        champions.metric_value,
        baselines.metric_value as baseline_value,
        champions.gain_over_baseline as gain,
        champions.gain_low,
        champions.gain_high
    from results as champions
    inner join results as baselines
        on
            champions.task = baselines.task
            and champions.period = baselines.period
            and champions.metric = baselines.metric
            and champions.best_baseline_name = baselines.estimator_name
    where champions.is_champion and champions.metric = 'average_precision'
),

typed as (
    select
        cast(task as string) as task,
        cast(period as string) as period,
        cast(metric as string) as metric,
        cast(baseline_name as string) as baseline_name,
        cast(user_count as bigint) as user_count,
        cast(row_count as bigint) as row_count,
        cast(positive_count as bigint) as positive_count,
        cast(metric_value as double) as metric_value,
        cast(round(baseline_value, 12) as double) as baseline_value,
        cast(round(gain, 12) as double) as gain,
        cast(round(gain_low, 12) as double) as gain_low,
        cast(round(gain_high, 12) as double) as gain_high
    from united
)

select * from typed
