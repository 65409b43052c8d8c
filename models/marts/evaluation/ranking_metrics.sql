-- one row per metric_key: how well rows are ordered
with

evaluated as (
    select * from {{ ref('evaluated_rows') }}
),

ranked as (
    select
        *,
        cast(rank() over (partition by metric_key order by prediction) as double)
            as lowest_rank,
        cast(count(*) over (partition by metric_key, prediction) as double)
            as tie_count,
        cast(rank() over (
            partition by metric_key, campaign_id order by prediction
        ) as double) as campaign_lowest_rank,
        cast(count(*) over (
            partition by metric_key, campaign_id, prediction
        ) as double) as campaign_tie_count,
        row_number() over (
            partition by metric_key
            order by
                prediction desc,
                as_of_date asc,
                campaign_id asc nulls first,
                user_id asc
        ) as top_rank,
        greatest(floor(count(*) over (partition by metric_key) / 10.0), 1)
            as top_count
    from evaluated
),

-- Mann and Whitney: each of several ties takes their mean rank
campaigns_summed as (
    select
        metric_key,
        campaign_id,
        cast(sum(outcome) as double) as positive_count,
        cast(count(*) as double) as row_count,
        sum(outcome * (lowest_rank + (tie_count - 1) / 2)) as rank_sum,
        sum(outcome * (campaign_lowest_rank + (campaign_tie_count - 1) / 2))
            as campaign_rank_sum,
        sum(case when top_rank <= top_count then outcome else 0 end) as top_positives,
        max(top_count) as top_count
    from ranked
    group by metric_key, campaign_id
),

areas as (
    select
        metric_key,
        sum(row_count) as row_count,
        sum(positive_count) as positive_count,
        (sum(rank_sum) - sum(positive_count) * (sum(positive_count) + 1) / 2)
        / nullif(sum(positive_count) * (sum(row_count) - sum(positive_count)), 0)
            as auc,
        sum(campaign_rank_sum - positive_count * (positive_count + 1) / 2)
        / nullif(sum(positive_count * (row_count - positive_count)), 0)
            as within_auc,
        sum(top_positives) / max(top_count)
        / nullif(sum(positive_count) / sum(row_count), 0) as lift_top_tenth
    from campaigns_summed
    group by metric_key
),

thresholds as (
    select
        metric_key,
        prediction,
        cast(sum(outcome) as double) as positive_count,
        cast(count(*) as double) as row_count
    from evaluated
    group by metric_key, prediction
),

precisions as (
    select
        *,
        sum(positive_count) over (partition by metric_key order by prediction desc)
        / sum(row_count) over (partition by metric_key order by prediction desc)
            as precision_above
    from thresholds
),

average_precisions as (
    select
        metric_key,
        sum(positive_count * precision_above) / nullif(sum(positive_count), 0)
            as average_precision
    from precisions
    group by metric_key
),

measured as (
    select
        areas.metric_key,
        cast(areas.row_count as bigint) as row_count,
        cast(areas.positive_count as bigint) as positive_count,
        -- sums of doubles differ in the last bits from run to run: rounded away
        round(areas.auc, 12) as auc,
        round(areas.within_auc, 12) as within_auc,
        round(average_precisions.average_precision, 12) as average_precision,
        round(areas.lift_top_tenth, 12) as lift_top_tenth
    from areas
    inner join average_precisions
        on areas.metric_key = average_precisions.metric_key
)

select * from measured
