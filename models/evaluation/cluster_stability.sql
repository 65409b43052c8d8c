-- one row per method, number of clusters, comparison and pair of as-of dates
with

stability as (select * from {{ ref('ml_cluster__stability') }}),

typed as (
    select
        cast(cluster_method as string) as cluster_method,
        cast(comparison as string) as comparison,
        cast(criterion_name as string) as criterion_name,
        cast(cluster_count as bigint) as cluster_count,
        cast(user_count as bigint) as user_count,
        cast(adjusted_rand_index as double) as adjusted_rand_index,
        cast(criterion_value as double) as criterion_value,
        cast(is_chosen as boolean) as is_chosen,
        cast(earlier_as_of_date as date) as earlier_as_of_date,
        cast(as_of_date as date) as as_of_date
    from stability
)

select * from typed
