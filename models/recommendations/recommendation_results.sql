-- one row per period, group of users, list and method: how good test lists were
with

intervals as (select * from {{ ref('ml_recommendation_intervals') }}),

lists as (
    select
        lists.*,
        popularity.buyer_count_28d,
        row_number() over (
            partition by
                lists.method, lists.list_name, lists.product_id, lists.as_of_date
            order by lists.user_id
        ) = 1 as is_first
    from {{ ref('rec_judged_lists') }} as lists
    left join {{ ref('ftr_product__popularity') }} as popularity
        on
            lists.product_id = popularity.product_id
            and lists.as_of_date = popularity.as_of_date
),

shelves as (
    select
        count(*) as product_count,
        -- products that a hundredth of the catalogue outsells are the popular ones
        percentile_cont(0.99) within group (order by buyer_count_28d) as popular_from,
        as_of_date
    from {{ ref('ftr_product__popularity') }}
    group by as_of_date
),

shown as (
    select
        lists.method,
        lists.list_name,
        count(case when lists.is_first then 1 end)
        / cast(max(shelves.product_count) as double) as catalogue_share,
        count(case when lists.buyer_count_28d >= shelves.popular_from then 1 end)
        / cast(count(*) as double) as popular_share,
        cast(lists.as_of_date as string) as period
    from lists
    inner join shelves on lists.as_of_date = shelves.as_of_date
    group by lists.method, lists.list_name, lists.as_of_date
),

typed as (
    select
        cast(intervals.period as string) as period,
        cast(intervals.user_group as string) as user_group,
        cast(intervals.list_name as string) as list_name,
        cast(intervals.method as string) as method,
        cast(intervals.user_count as bigint) as user_count,
        {% for metric in ['recall', 'ndcg', 'average_precision'] -%}
            cast(intervals.{{ metric }} as double) as {{ metric }},
            cast(intervals.{{ metric }}_low as double) as {{ metric }}_low,
            cast(intervals.{{ metric }}_high as double) as {{ metric }}_high,
        {% endfor -%}
        cast(intervals.best_baseline_name as string) as best_baseline_name,
        cast(intervals.ndcg_gain as double) as ndcg_gain,
        cast(intervals.ndcg_gain_low as double) as ndcg_gain_low,
        cast(intervals.ndcg_gain_high as double) as ndcg_gain_high,
        cast(shown.catalogue_share as double) as catalogue_share,
        cast(shown.popular_share as double) as popular_share
    from intervals
    left join shown
        on
            intervals.method = shown.method
            and intervals.list_name = shown.list_name
            and intervals.period = shown.period
            and intervals.user_group = 'all'
    -- a slice of few users would tell of them
    where intervals.user_count >= {{ var('minimum_cell_users') }}
)

select * from typed
