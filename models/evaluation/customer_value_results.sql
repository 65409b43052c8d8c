-- one row per split, estimator or baseline of customer value, and metric
with

predictions as (
    select
        *,
        order_count > 0 as has_bought,
        case when order_count between orders_low and orders_high then 1 else 0 end
            as is_count_covered,
        case when net_amount between amount_low and amount_high then 1 else 0 end
            as is_spend_covered
    from {{ ref('ml_customer_value__test_period') }}
),

intervals as (select * from {{ ref('ml_customer_value__intervals') }}),

-- ties share the mean of their ranks
ranked as (
    select
        *,
        rank() over (
            partition by split_name, estimator_name order by expected_orders
        ) as lowest_rank,
        count(*) over (
            partition by split_name, estimator_name, expected_orders
        ) as tied_count
    from predictions
),

measured as (
    select
        split_name,
        estimator_name,
        min(fitted_on) as fitted_on,
        cast(count(*) as bigint) as row_count,
        cast(sum(case when has_bought then 1 else 0 end) as bigint) as positive_count,
        sum(
            case when has_bought then lowest_rank + (tied_count - 1) / 2.0 else 0 end
        ) as rank_sum,
        sqrt(avg((expected_orders - order_count) * (expected_orders - order_count)))
            as count_rmse,
        sum(expected_orders) / nullif(sum(order_count), 0) as total_ratio,
        sqrt(avg((expected_amount - net_amount) * (expected_amount - net_amount)))
            as spend_rmse,
        sum(expected_amount) / nullif(sum(net_amount), 0) as spend_ratio,
        case when bool_and(orders_low is not null) then avg(is_count_covered) end
            as count_coverage,
        case when bool_and(amount_low is not null) then avg(is_spend_covered) end
            as spend_coverage,
        bool_and(is_baseline) as is_baseline,
        bool_and(is_champion) as is_champion,
        cast(min(as_of_date) as date) as as_of_date
    from ranked
    group by split_name, estimator_name
),

areas as (
    select
        *,
        (rank_sum - positive_count * (positive_count + 1) / 2.0)
        / nullif(
            cast(positive_count as double) * (row_count - positive_count), 0
        ) as auc
    from measured
),

metrics as (
    {% for metric in [
        'auc', 'count_rmse', 'total_ratio', 'spend_rmse', 'spend_ratio',
        'count_coverage', 'spend_coverage'
    ] -%}
        select
            split_name,
            estimator_name,
            fitted_on,
            '{{ metric }}' as metric,
            row_count,
            positive_count,
            -- sums of doubles differ in the last bits from run to run: rounded away
            round({{ metric }}, 10) as metric_value,
            is_baseline,
            is_champion,
            as_of_date
        from areas
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

joined as (
    select
        metrics.split_name,
        metrics.estimator_name,
        metrics.fitted_on,
        metrics.metric,
        metrics.row_count,
        metrics.positive_count,
        metrics.metric_value,
        intervals.interval_low,
        intervals.interval_high,
        metrics.is_baseline,
        metrics.is_champion,
        metrics.as_of_date
    from metrics
    left join intervals
        on
            metrics.split_name = intervals.split_name
            and metrics.estimator_name = intervals.estimator_name
            and metrics.metric = intervals.metric
    where
        metrics.metric_value is not null
        and metrics.row_count >= {{ var('minimum_cell_users') }}
)

select * from joined
