{{ config(severity='warn') }}

-- of twenty intervals of a random score one misses zero: what counts is how many do, beyond
-- three standard deviations and one
with

judged as (
    select
        campaign_id,
        outcome_name,
        min(random_low) > 0 or max(random_high) < 0 as is_miss
    from {{ ref('uplift_results') }}
    where measurement = 'measured' and metric = 'qini' and campaign_id <> 'pooled'
    group by campaign_id, outcome_name
),

counted as (
    select
        count(*) as interval_count,
        sum(case when is_miss then 1 else 0 end) as miss_count
    from judged
)

select * from counted
where
    miss_count
    > 1 + 0.05 * interval_count + 3 * sqrt(0.05 * 0.95 * interval_count)
