-- one row per score or feature among those that moved most at their newest date
with

moved as (
    select
        'score' as drift_kind,
        task as grain,
        estimator_name as drift_name,
        verdict,
        row_count,
        stability_index,
        as_of_date
    from {{ ref('score_drift') }}
    union all
    select
        'feature' as drift_kind,
        grain,
        feature_name as drift_name,
        verdict,
        row_count,
        stability_index,
        as_of_date
    from {{ ref('feature_drift') }}
),

newest as (
    select *
    from moved
    where verdict <> 'too few rows' and stability_index is not null
    qualify row_number() over (
        partition by drift_kind, grain, drift_name order by as_of_date desc
    ) = 1
),

ranked as (
    select
        drift_kind,
        grain,
        drift_name,
        verdict,
        row_count,
        cast(
            row_number() over (
                partition by drift_kind
                order by stability_index desc, grain asc, drift_name asc
            ) as bigint
        ) as drift_rank,
        stability_index,
        as_of_date
    from newest
),

shown as (
    select * from ranked
    where drift_rank <= {{ var('report_drift_rows') }}
)

select * from shown
