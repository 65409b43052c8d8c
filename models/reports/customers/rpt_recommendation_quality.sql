-- one row per list and method: how good lists of all test dates were, for everybody
with

results as (
    select * from {{ ref('recommendation_results') }}
    where period = 'pooled' and user_group = 'all'
),

typed as (
    select
        list_name,
        method,
        user_count,
        recall,
        ndcg,
        ndcg_low,
        ndcg_high,
        best_baseline_name,
        ndcg_gain,
        ndcg_gain_low,
        ndcg_gain_high
    from results
)

select * from typed
