-- one row per method, cluster and feature, as of the scoring date
with

profiles as (select * from {{ ref('ml_cluster__profiles') }}),

typed as (
    select
        cast(cluster_method as string) as cluster_method,
        cast(cluster_name as string) as cluster_name,
        cast(feature_name as string) as feature_name,
        cast(feature_group as string) as feature_group,
        cast(cluster_number as bigint) as cluster_number,
        cast(user_count as bigint) as user_count,
        cast(feature_mean as double) as feature_mean,
        cast(overall_mean as double) as overall_mean,
        cast(standardised_difference as double) as standardised_difference,
        cast(as_of_date as date) as as_of_date
    from profiles
)

select * from typed
qualify {{ is_shown('user_count', 'cluster_method, feature_name', 'cluster_number') }}
