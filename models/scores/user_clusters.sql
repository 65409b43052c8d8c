-- one row per method and user scored, as of the scoring date
with

clusters as (select * from {{ ref('ml_user__clusters') }}),

typed as (
    select
        cast(cluster_method as string) as cluster_method,
        cast(user_id as string) as user_id,
        cast(cluster_name as string) as cluster_name,
        cast(cluster_number as bigint) as cluster_number,
        cast(distance_to_centre as double) as distance_to_centre,
        cast(membership_probability as double) as membership_probability,
        cast(as_of_date as date) as as_of_date
    from clusters
)

select * from typed
