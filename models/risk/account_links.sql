-- one row per account that shares a device or means of payment: who is linked to it
with

scoring as (
    select max(as_of_date) as as_of_date from {{ ref('as_of_dates') }}
    where is_scoring_date
),

pairs as (
    select
        pairs.*,
        {{ is_linked(utc_timestamp('cast(scoring.as_of_date as timestamp)')) }}
            as is_link
    from {{ ref('rsk_account_pairs') }} as pairs
    cross join scoring
),

edges as (
    select distinct
        user_id,
        other_user_id
    from pairs
    where is_link
),

{{ connected_components('edges', 8) }}

sizes as (
    select
        component_id,
        count(*) as component_size
    from components
    group by component_id
),

shared as (
    select
        user_id,
        count(distinct case when is_link then other_user_id end) as linked_count,
        count(distinct case when is_link then token end) as token_count,
        count(distinct other_user_id) as sharing_count,
        min(case when is_link then linked_at end) as linked_at
    from pairs
    group by user_id
),

typed as (
    select
        shared.user_id,
        -- a name of its own: a pseudonym would stay in the rows of others
        md5(coalesce(components.component_id, shared.user_id)) as component_id,
        cast(coalesce(sizes.component_size, 1) as bigint) as component_size,
        cast(shared.linked_count as bigint) as linked_account_count,
        cast(shared.token_count as bigint) as shared_token_count,
        cast(shared.sharing_count - shared.linked_count as bigint)
            as spared_account_count,
        cast(shared.linked_at as timestamp) as first_linked_at
    from shared
    left join components on shared.user_id = components.user_id
    left join sizes on components.component_id = sizes.component_id
)

select * from typed
